-- name: queue
select api.queue_job(%(kind)s, %(subject_id)s, %(one_at_a_time)s)

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

-- name: end
update data.job
set state = %(state)s, finished_at = clock_timestamp(), say = %(say)s,
    done = case when %(state)s = 'finished' then coalesce(total, done) else done end
where id = %(id)s

-- name: lock
select pg_try_advisory_lock(hashtext('gridwarden job'), %(id)s::int)
