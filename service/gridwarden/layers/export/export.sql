-- The rows of an export; the braces are filled by psycopg.sql with names that come from the
-- layer's file and with conditions whose values are bound.

-- name: features
select f.id, f.source_id, d.name, f.version, {columns}, f.repair, f.extra::text, {place}
from {view} f
left join api.dataset d on d.id = f.dataset_id
{where}
order by f.id

-- name: recorded
select api.record('export', %(object)s, %(detail)s, %(rows)s)
