drop view api.hazard_act, api.hazard_evidence;
create view api.hazard_act as
    select a.id, a.case_id, a.version, a.act, a.from_state, a.to_state, a.at, a.day, a.entered_day,
           a.from_grade, a.grade, a.district_id, case when not c.veiled then a.grid_id end as grid_id,
           a.from_org_id, a.org_id, a.due_at, a.person, a.role, a.batch_act,
           case when not c.veiled then a.note end as note,
           case when not c.veiled then a.said else '{}' end as said,
           case when not c.veiled then a.before else '{}' end as before
    from api.hazard_case c join data.hazard_act a on a.case_id = c.id;
create view api.hazard_evidence as
    select e.id, e.case_id, e.kind, e.finding_id, case when not e.main then e.rule end as rule,
           case when not e.main then e.clause end as clause,
           case when not e.main then e.edition end as edition, e.severity, e.certainty, e.distance_band,
           e.main, e.since, e.until, e.at, e.person, e.role,
           case when not c.veiled then e.detail else '{}' end as detail
    from api.hazard_case c join data.hazard_evidence e on e.case_id = c.id;
grant select on api.hazard_act, api.hazard_evidence to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_warden,
    gridwarden_inspector, gridwarden_contractor;
