-- name: own
select id, kind, subject_id, state, done, total, unit, say, cancel, created_at, started_at, finished_at
from api.job
where id < %(before)s
order by id desc
limit %(limit)s + 1

-- name: overview
-- An administrator keeps jobs running and learns nothing of what they are about.
select id, kind, null::bigint as subject_id, state, done, total, unit, '{}'::jsonb as say,
       false as cancel, created_at, started_at, finished_at
from api.job_overview
where id < %(before)s
order by id desc
limit %(limit)s + 1

-- name: own_one
select id, kind, subject_id, state, done, total, unit, say, cancel, created_at, started_at, finished_at
from api.job
where id = %(id)s

-- name: overview_one
select id, kind, null::bigint as subject_id, state, done, total, unit, '{}'::jsonb as say,
       false as cancel, created_at, started_at, finished_at
from api.job_overview
where id = %(id)s

-- name: cancel
select api.cancel_job(%(id)s)
