-- name: line
-- One row of the audit as the text that is sealed, exported and checked: jsonb in PostgreSQL's own
-- order of keys, moments in UTC. Nobody's settings change a byte of it.
jsonb_build_object('id', a.id,
    'at', to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'role', a.role, 'person', a.person, 'login', a.login, 'action', a.action, 'object', a.object,
    'rows', a.rows, 'detail', a.detail, 'mains', a.mains::text)::text

-- name: seals
-- Some seals, oldest first.
select number, sealed_at, upto, ids::text, void::text, waiting::text, rows, leaves, root, before, head
from data.audit_seal where number >= %(first)s order by number limit %(n)s

-- name: rows
-- The rows of some seals. `offset 0` keeps the ranges of a seal a loop over the index.
select s.number, a.id, {line} as line
from data.audit_seal s
cross join lateral unnest(s.ids) r(range)
join data.audit a on a.id >= lower(r.range) and a.id < upper(r.range)
where s.number between %(first)s and %(last)s
order by s.number, a.id

-- name: others
-- Rows up to the newest seal that belong to none and that no open transaction could have brought.
with sealed as (
    select coalesce(range_agg(s.ids), '{}') as ids, max(s.upto) as upto from data.audit_seal s),
newest as (select s.waiting from data.audit_seal s order by s.number desc limit 1)
select a.id, n.waiting @> a.id as late
from sealed s cross join newest n
join data.audit a on a.id <= s.upto
where not s.ids @> a.id
order by a.id limit %(n)s

-- name: young
-- Rows behind the newest seal.
select count(*) from data.audit a
where a.id > coalesce((select max(s.upto) from data.audit_seal s), 0)

-- name: span
-- The seals that hold the rows of a time; `at` is a row's own moment, a seal comes soon after.
select min(s.number), max(s.number)
from data.audit_seal s
where exists (select from unnest(s.ids) r(range)
              join data.audit a on a.id >= lower(r.range) and a.id < upper(r.range)
              where a.at >= %(since)s and a.at < %(until)s)
  and s.sealed_at >= %(since)s

-- name: taken_out
select api.record('audit_export', 'data.audit', %(detail)s)
