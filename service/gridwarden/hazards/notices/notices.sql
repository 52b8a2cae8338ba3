-- name: keep
select data.keep_notice_rules(%(told)s)

-- name: lock
select pg_try_advisory_lock(hashtext('gridwarden letters'))

-- name: remind
select data.remind()

-- name: next
select data.next_letter(%(at_most)s, %(hold_s)s)

-- name: sent
select data.letter_sent(%(ids)s)

-- name: failed
select data.letter_failed(%(ids)s, %(said)s, %(wait_s)s)

-- name: mine
select id, case_id, hazard_no, grade, category, family, state, kind, level, due_at, at, seen_at,
       sent_at, gave_up, error, attempts
from api.notice
where (%(before)s::bigint is null or id < %(before)s) and (not %(unseen)s or seen_at is null)
order by id desc
limit %(limit)s

-- name: unseen
select count(*) from api.notice where seen_at is null

-- name: address
select api.my_notice_address()

-- name: set_address
select api.set_notice_address(%(address)s)

-- name: seen
select api.notices_seen(%(upto)s)

-- name: counts
-- As the owner, on the machine itself: numbers, and no names.
select count(*) filter (where n.sent_at is null and not n.gave_up and d.account_id is not null) as waiting,
       count(*) filter (where n.sent_at is null and not n.gave_up and d.account_id is null) as nowhere,
       count(*) filter (where n.sent_at > clock_timestamp() - interval '1 day') as sent,
       count(*) filter (where n.gave_up) as gave_up
from data.notice n left join data.notice_address d on d.account_id = n.account_id

-- name: last_error
select n.error from data.notice n
where n.error is not null order by n.next_at desc limit 1
