-- The rows of an export; the braces are filled by psycopg.sql with names that come from the
-- layer's file and with conditions whose values are bound.

-- name: features
select f.id, f.source_id, d.name, f.version, {columns}, f.repair, f.extra::text, {place}
from {view} f
left join api.dataset d on d.id = f.dataset_id
{where}
order by f.id

-- name: length
select coalesce(sum(st_length(f.geom)), 0) / 1000,
    coalesce(range_agg(int8range(f.id, f.id, '[]')), '{{}}')::text
from {view} f {where}

-- name: in_files
select api.mains_in_files(%(request)s, %(mains)s::int8multirange)

-- name: begin_copy
select api.begin_copy(%(layer)s, %(part)s, %(format)s, %(crs)s, %(km)s::numeric,
                      %(day_km)s::numeric, %(why)s, %(second)s::numeric, %(request)s)

-- name: recorded
select api.record('export', %(object)s, %(detail)s, %(rows)s)
