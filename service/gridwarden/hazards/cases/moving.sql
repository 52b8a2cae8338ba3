-- name: move
select api.move_case(%(id)s, %(expected)s::integer[], %(act)s, %(said)s::jsonb, %(batch)s::uuid)

-- name: judge_again
select api.judge_case_again(%(id)s)

-- name: report
select api.report_case(%(told)s::jsonb)

-- name: place
-- A place in degrees in the working CRS.
select st_x(p.g), st_y(p.g)
from (select st_transform(st_setsrid(st_makepoint(%(lon)s, %(lat)s), 4326), %(srid)s::integer) as g) p
