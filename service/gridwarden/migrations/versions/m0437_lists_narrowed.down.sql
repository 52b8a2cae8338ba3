drop view api.hazard_of_caller;
drop index data.hazard_case_main_orgs;
create index hazard_case_main_orgs on data.hazard_case using gin (main_orgs) where main;
