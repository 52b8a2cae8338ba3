-- name: of_case
select case_id, site_id, work, words, person, at, holds, name, code, stage
from api.critical_work where case_id = %(case)s

-- name: overrides
select id, case_id, site_id, to_stage, why, person, at, until, used_at
from api.stage_override where case_id = %(case)s order by id desc limit 100

-- name: set
select api.set_critical_work(%(case)s, %(said)s)

-- name: override
select api.override_stage(%(case)s, %(said)s)
