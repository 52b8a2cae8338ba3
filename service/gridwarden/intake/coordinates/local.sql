-- name: keep
select api.keep_local_system(%(name)s, %(org_id)s, %(fit)s)

-- name: one
select to_jsonb(s) from api.local_system s where s.id = %(id)s

-- name: page
select to_jsonb(s) - 'points' - 'parameters' from api.local_system s
where (%(before)s::bigint is null or s.id < %(before)s)
order by s.id desc limit %(limit)s

-- name: names
select distinct s.name from api.local_system s order by s.name limit 100

-- name: called
-- The newest version of this name that the caller may use.
select to_jsonb(s) from api.local_system s where s.name = %(name)s order by s.version desc limit 1

-- name: called_for
-- The newest version of this name for the import's sender (worker).
select to_jsonb(s) from data.local_system s join data.import i on i.id = %(id)s
where s.name = %(name)s
  and s.org_id is not distinct from
      case when i.role = 'gridwarden_utility' then i.org_id end
order by s.version desc limit 1
