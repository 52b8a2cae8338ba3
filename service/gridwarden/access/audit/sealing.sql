-- name: alone
select pg_try_advisory_xact_lock(hashtext('gridwarden.audit_seal'))

-- name: newest
select number, head, upto from data.audit_seal order by number desc limit 1

-- name: top
-- How far this seal reaches: not over more rows than one seal holds.
select max(x.id) from (select a.id from data.audit a where a.id > %(upto)s order by a.id limit %(n)s) x

-- name: holders
-- Whoever has taken an id has taken this lock before, and gives it back after its rows are seen.
select coalesce(array_agg(distinct l.virtualtransaction), '{}')
from pg_locks l
where l.locktype = 'relation' and l.relation = 'data.audit'::regclass
  and l.database = (select d.oid from pg_database d where d.datname = current_database())
  and l.mode = 'RowExclusiveLock' and l.granted

-- name: waiting
select exists (select from data.audit_waiting)

-- name: due
-- The rows of this seal: those up to its top, and late ones of earlier ranges.
with due as (
    select a.id, sha256(convert_to({line}, 'UTF8')) as leaf
    from data.audit a where a.id > %(upto)s and a.id <= %(top)s
    union all
    select a.id, sha256(convert_to({line}, 'UTF8'))
    from data.audit_waiting w
    cross join lateral unnest(w.ids) r(range)
    join data.audit a on a.id >= lower(r.range) and a.id < upper(r.range))
select coalesce(range_agg(int8range(d.id, d.id, '[]')), '{{}}')::text, count(*),
       coalesce(string_agg(d.leaf, ''::bytea order by d.id), ''::bytea)
from due d

-- name: resolved
-- What is missing waits for the transactions that were open when it was missed; when they have all
-- ended without it, it will never be.
with before as (
    delete from data.audit_waiting returning ids - %(ids)s::int8multirange as ids, holders
), missing as (
    select b.ids, b.holders from before b
    union all
    select int8multirange(int8range(%(upto)s, %(top)s, '(]')) - %(ids)s::int8multirange, %(holders)s
), kept as (
    insert into data.audit_waiting (ids, holders)
    select m.ids, m.holders from missing m
    where not isempty(m.ids) and m.holders && %(holders)s::text[]
    returning ids
)
select coalesce((select range_agg(k.ids) from kept k), '{}')::text,
       coalesce((select range_agg(m.ids) from missing m
                 where not isempty(m.ids) and not m.holders && %(holders)s::text[]), '{}')::text

-- name: seal
insert into data.audit_seal (number, sealed_at, upto, ids, void, waiting, rows, leaves, root, before,
    head)
values (%(number)s, %(sealed_at)s, %(upto)s, %(ids)s, %(void)s, %(waiting)s, %(rows)s, %(leaves)s,
    %(root)s, %(before)s, %(head)s)

-- name: heads
-- The heads that the file outside does not hold yet.
select number, upto, head, sealed_at from data.audit_seal where number > %(after)s order by number
limit %(n)s
