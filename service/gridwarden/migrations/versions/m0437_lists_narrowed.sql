-- The cases that an account's grids, organisations or mains lead to, by an index: a list is narrowed by
-- it, so that 100 cases of a company are not looked for among all. What is seen of them, and whether
-- they are seen, is said by api.hazard_case alone; this holds all that it lets these roles see.
create view api.hazard_of_caller as
    select c.id from data.hazard_case c
    where (select api.role()) = 'warden' and c.grid_id = any ((select api.my_grids())::bigint[])
      and not c.main and c.layer is distinct from 'gas_pipelines'
    union all
    select c.id from data.hazard_case c
    where (select api.role()) in ('contractor', 'utility')
      and c.org_id = any ((select api.my_orgs())::bigint[])
    union all
    select c.id from data.hazard_case c
    where (select api.role()) = 'utility' and c.main_orgs && (select api.my_orgs())::bigint[];
grant select on api.hazard_of_caller to gridwarden_warden, gridwarden_contractor, gridwarden_utility;

-- A company's mains are named whatever else a case is.
drop index data.hazard_case_main_orgs;
create index hazard_case_main_orgs on data.hazard_case using gin (main_orgs);
