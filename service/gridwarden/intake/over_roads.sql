-- name: roads
-- Roads in the frame, as one path of metres from its middle, and the newest date they are of.
with frame as (
    select st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, %(srid)s) as box
), near as (
    select r.geom, r.source_date from api.roads r, frame
    where r.geom && frame.box order by r.width_m desc nulls last limit 4000
)
select st_assvg(st_collectionextract(st_collect(st_translate(
           st_simplify(st_clipbybox2d(n.geom, frame.box::box2d), %(finest)s), -%(x)s, -%(y)s)), 2), 0, 1),
       max(n.source_date)
from near n, frame

-- name: districts
with frame as (
    select st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, %(srid)s) as box
)
select st_assvg(st_collectionextract(st_collect(st_translate(
           st_simplify(st_clipbybox2d(st_boundary(d.geom), frame.box::box2d), %(finest)s),
           -%(x)s, -%(y)s)), 2), 0, 1)
from api.districts d, frame where d.geom && frame.box
