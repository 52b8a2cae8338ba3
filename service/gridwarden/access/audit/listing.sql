-- name: page
-- Newest first, before a row's id. Who saw a main is found by the index over the ranges of ids.
select a.id, a.at, replace(a.role, 'gridwarden_', '') as role, a.person, a.action, a.object, a.rows,
       a.detail, a.mains::text as mains, a.id <= s.upto as sealed
from data.audit a
cross join (select coalesce(max(x.upto), 0) as upto from data.audit_seal x) s
where a.id < %(before)s
  and (%(person)s::text is null or a.person = %(person)s)
  and (%(role)s::text is null or a.role = 'gridwarden_' || %(role)s)
  and (%(action)s::text is null or a.action = %(action)s)
  and (%(object)s::text is null or a.object = %(object)s)
  and (%(since)s::timestamptz is null or a.at >= %(since)s)
  and (%(until)s::timestamptz is null or a.at < %(until)s)
  and (%(main)s::bigint is null or a.mains @> %(main)s::bigint)
order by a.id desc
limit %(limit)s + 1

-- name: actions
select distinct a.action from data.audit a order by 1
