-- name: of_case
select w.case_id, w.site_id, w.work, w.words, w.person, w.at, w.holds, s.name, s.code, s.stage
from api.critical_work w left join api.construction_sites s on s.id = w.site_id
where w.case_id = %(case)s

-- name: overrides
select id, case_id, site_id, to_stage, why, person, at, until, used_at
from api.stage_override where case_id = %(case)s order by id desc limit 100

-- name: set
select api.set_critical_work(%(case)s, %(said)s)

-- name: override
select api.override_stage(%(case)s, %(said)s)
