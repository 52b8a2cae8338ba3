-- name: queue
select api.queue_job(%(kind)s, %(subject_id)s, %(one_at_a_time)s)

-- name: queue_screen
select api.queue_screen()

-- name: take
update data.job
set state = 'running', started_at = coalesce(started_at, clock_timestamp()), done = 0
where id = %(id)s and state in ('queued', 'running') and not cancel
returning kind, subject_id, role, person, org_ids

-- name: see
select kind, state, cancel, say from data.job where id = %(id)s

-- name: progress
update data.job set done = %(done)s, total = %(total)s, unit = %(unit)s
where id = %(id)s
returning cancel

-- name: stop
-- Nobody runs it (its lock is ours) and nobody wants it: it waited, or its runner died.
update data.job set state = 'cancelled', finished_at = clock_timestamp()
where id = %(id)s and state in ('queued', 'running') and cancel
returning state

-- name: end
-- A held job has not ended: it waits for a person, unless one has asked for it to stop.
with ending as (
    select id, case when %(state)s::text = 'held' and cancel then 'cancelled'
                    else %(state)s::text end as state
    from data.job where id = %(id)s and state = 'running' for update)
update data.job j
set state = ending.state, say = %(say)s,
    finished_at = case when ending.state <> 'held' then clock_timestamp() end,
    done = case when ending.state = 'finished' then coalesce(total, done) else done end
from ending where j.id = ending.id
returning j.state

-- name: lock
select pg_try_advisory_lock(hashtextextended('gridwarden job ' || %(id)s::bigint, 0))
