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
