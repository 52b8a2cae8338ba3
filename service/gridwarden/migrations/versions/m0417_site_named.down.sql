drop view api.critical_work;
create view api.critical_work as
    select w.case_id, w.site_id, w.work, w.words, w.person, w.at,
           c.state not in ('closed', 'looked_back', 'invalid') as holds
    from data.critical_work w join api.hazard_case c on c.id = w.case_id;
grant select on api.critical_work to gridwarden_utility, gridwarden_supervisor,
    gridwarden_planner, gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
