-- name: listed
select id, person, district_id, district, why, granted_by, granted_at, ends_at, ended_at, ended_by, holds
from api.main_grant order by id desc limit 1000

-- name: give
select api.grant_mains(%(person)s, %(district)s, %(why)s, %(hours)s)

-- name: end
select api.end_main_grant(%(number)s)

-- name: mains
select api.granted_mains(%(after)s, %(most)s)

-- name: cells
select "column", "row", mains, pressure_class, shape from api.main_cells()
