-- The list of findings behind a figure; a bureau sees its own districts'.

-- name: page
select f.id, f.layer, f.subject_id, f.family, f.severity, f.certainty, f.main, f.distance_band,
    f.distance_m, f.required_m, f.clause, f.edition, f.verified, f.first_seen,
    f.district_id, d.name as district,
    array_position(array['major', 'serious', 'general'], f.severity) as rank
from api.finding f
left join api.districts d on d.id = f.district_id
where (api.role() <> 'supervisor' or api.my_district(f.district_id))
  and (%(district)s::bigint is null or f.district_id = %(district)s)
  and (%(family)s::text is null or f.family = %(family)s)
  and (%(severity)s::text is null or f.severity = %(severity)s)
  and (%(certainty)s::text is null or f.certainty = %(certainty)s)
  and (%(west)s::float8 is null
       or (f.x >= %(west)s and f.x < %(east)s and f.y >= %(south)s and f.y < %(north)s))
  and (array_position(array['major', 'serious', 'general'], f.severity), f.id)
      > (%(rank)s::int, %(after)s::bigint)
order by rank, f.id
limit %(most)s

-- A bureau's look at what is measured from exact mains: recorded, then open for the transaction.
-- name: look
select api.look('findings')

-- The evidence of these findings, where the caller may read the main it is measured from.
-- name: exact
select finding_id, clause, edition, verified, distance_m, required_m, pressed_length_m
from api.finding_exact where finding_id = any (%(ids)s)

-- name: total
select count(*)
from api.finding f
where (api.role() <> 'supervisor' or api.my_district(f.district_id))
  and (%(district)s::bigint is null or f.district_id = %(district)s)
  and (%(family)s::text is null or f.family = %(family)s)
  and (%(severity)s::text is null or f.severity = %(severity)s)
  and (%(certainty)s::text is null or f.certainty = %(certainty)s)
  and (%(west)s::float8 is null
       or (f.x >= %(west)s and f.x < %(east)s and f.y >= %(south)s and f.y < %(north)s))

-- name: districts
select id, coalesce(name, code, id::text) as name from api.districts order by name, id

-- name: families
select distinct family from api.finding order by 1

-- name: dates
select published_at, screened_at, waiting, pack
from api.screened
