-- What stands around the list of findings, which is screening's own.

-- name: districts
select id, coalesce(name, code, id::text) as name from api.districts order by name, id

-- name: families
select distinct family from api.finding order by 1

-- name: dates
select published_at, screened_at, waiting, pack
from api.screened
