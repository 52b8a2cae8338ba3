-- name: add
select api.add_webhook(%(key_hash)s, %(url)s, %(secret)s, %(filters)s, %(most)s)

-- name: own
select id, url, filters, state, why, waiting, failing_since, last_error, last_error_at,
       last_delivered_at, lost_at, created_at, key_id, key_label, key_expires_at
from api.webhook
where %(id)s::bigint is null or id = %(id)s
order by id

-- name: drop
select api.drop_webhook(%(id)s)

-- name: resume
select api.resume_webhook(%(id)s)

-- name: test
select api.test_webhook(%(id)s, %(message_id)s)

-- name: message
select message_id from api.delivery where id = %(delivery)s

-- name: deliveries
select id as place, message_id, type, subject, attempts, status, error, created_at, tried_at,
       delivered_at, next_at
from api.delivery
where webhook_id = %(webhook)s and id < %(before)s
order by id desc
limit %(limit)s
