-- name: lock
select pg_try_advisory_lock(hashtext('gridwarden webhooks'))

-- name: end_those_without_key
select data.end_webhooks()

-- name: on
select * from data.webhooks_on() w where %(id)s::bigint is null or w.id = %(id)s

-- name: read_on
-- Nothing where somebody else has read on since.
update data.webhook set seen = %(to)s where id = %(id)s and seen = %(from)s returning id

-- name: add
insert into data.delivery (webhook_id, message_id, seq, type, subject, body)
values (%(webhook)s, %(message_id)s, %(seq)s, %(type)s, %(subject)s, %(body)s)
on conflict (webhook_id, seq) do nothing

-- name: due
-- Of each subject the first that waits: the later ones wait for it.
select f.id, f.message_id, f.body, f.attempts
from (select distinct on (d.subject) d.id, d.message_id, d.body, d.attempts, d.next_at
      from data.delivery d
      where d.webhook_id = %(webhook)s and d.delivered_at is null
      order by d.subject, d.id) f
where f.next_at <= clock_timestamp()
order by f.id
limit %(limit)s

-- name: taken
update data.delivery
set attempts = attempts + 1, status = %(status)s, error = null, body = null,
    tried_at = clock_timestamp(), delivered_at = clock_timestamp()
where id = %(id)s

-- name: well
-- An error is told for as long as something waits that has failed.
update data.webhook w
set failures = 0, failing_since = null, rest_until = null, last_delivered_at = clock_timestamp(),
    last_error = case when f.failed then w.last_error end,
    last_error_at = case when f.failed then w.last_error_at end
from (select exists (select from data.delivery d where d.webhook_id = %(webhook)s
                     and d.delivered_at is null and d.attempts > 0) as failed) f
where w.id = %(webhook)s

-- name: not_taken
update data.delivery
set attempts = attempts + 1, status = %(status)s, error = %(error)s, tried_at = clock_timestamp(),
    next_at = clock_timestamp() + make_interval(secs => %(wait_s)s)
where id = %(id)s

-- name: ill
-- Where it fails every time it is tried seldom; where that goes on for as long as all tries of one
-- delivery take, or one had all its tries, it is paused.
update data.webhook
set failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp()),
    last_error = %(error)s, last_error_at = clock_timestamp(),
    rest_until = case when failures + 1 >= %(tolerated)s
                      then clock_timestamp() + make_interval(secs => %(rest_s)s) end,
    state = case when %(why)s::text is not null
                   or failing_since < clock_timestamp() - make_interval(secs => %(patience_s)s)
                 then 'paused' else state end,
    why = case when %(why)s::text is not null then %(why)s
               when failing_since < clock_timestamp() - make_interval(secs => %(patience_s)s)
               then 'gave_up' end
where id = %(webhook)s and state = 'on'

-- name: forget
select data.forget_deliveries(%(days)s)
