-- name: left
-- What is being done, as the queue has it, and whose lock (`lock` in jobs.sql) no session holds.
select q.id
from procrastinate_jobs q
where q.status = 'doing' and q.task_name = 'gridwarden'
  and hashtextextended('gridwarden job ' || (q.args ->> 'job_id')::bigint, 0) not in (
      select l.classid::bigint << 32 | l.objid::bigint
      from pg_locks l
      where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
        and l.database = (select d.oid from pg_database d where d.datname = current_database()))

-- name: again
-- Of the moment that the database has, and counted: a job that kills whoever does it ends at last.
select procrastinate_retry_job_v2(q.id, now(), null, null, null)::text as done
from procrastinate_jobs q
where q.id = any (%(ids)s::bigint[]) and q.status = 'doing'

-- name: hurry
-- Nothing is put off to a later day; what seems to be was put back before the clock was set back.
update procrastinate_jobs set scheduled_at = null
where status = 'todo' and scheduled_at > now() and task_name = 'gridwarden'
returning id

-- name: open
select id, kind from data.job where state in ('queued', 'running')

-- name: unqueued
select o.id
from unnest(%(ids)s::bigint[]) o (id)
where not exists (
    select from procrastinate_jobs q
    where q.status in ('todo', 'doing') and (q.args ->> 'job_id')::bigint = o.id)
