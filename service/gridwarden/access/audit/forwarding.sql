-- name: seen
select coalesce((select f.seal from data.audit_forward f where f.target = %(target)s), 0)

-- name: told
insert into data.audit_forward (target, seal) values (%(target)s, %(seal)s)
on conflict (target) do update set seal = excluded.seal where data.audit_forward.seal < excluded.seal

-- name: rows
-- What leaves of a row: who, when, what, to what, how many. Never its details.
select s.number, a.id, a.at, replace(a.role, 'gridwarden_', '') as role, a.person, a.action, a.object,
       a.rows
from data.audit_seal s
cross join lateral unnest(s.ids) r(range)
join data.audit a on a.id >= lower(r.range) and a.id < upper(r.range)
where s.number = %(seal)s
order by a.id
