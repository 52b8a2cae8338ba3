-- name: roads
-- The roads around several readings of one area, as paths in metres from the middle of the frame
-- (y downwards, as SVG has it), and the areas themselves, in order. The frame is four thirds as
-- wide as high.
with area as (
    select n, st_setsrid(st_geomfromgeojson(a), %(srid)s) as geom
    from unnest(%(areas)s::text[]) with ordinality as t(a, n)
), span as (
    select (st_xmin(b) + st_xmax(b)) / 2 as x, (st_ymin(b) + st_ymax(b)) / 2 as y,
           greatest(200, 1.4 * (st_ymax(b) - st_ymin(b)), 1.05 * (st_xmax(b) - st_xmin(b))) as height
    from (select st_extent(geom)::box2d as b from area) box
), frame as (
    select x, y, height, st_makeenvelope(x - 0.67 * height, y - 0.5 * height, x + 0.67 * height,
        y + 0.5 * height, %(srid)s) as box
    from span
), road as (
    select coalesce(r.width_m, 0) as width, r.name, st_translate(st_simplify(
               st_clipbybox2d(r.geom, f.box::box2d), f.height / 2000), -f.x, -f.y) as geom
    from api.roads r cross join frame f
    where r.geom && f.box
    order by 1 desc
    limit 4000
)
select jsonb_build_object(
    'height', (select height from frame),
    'roads', (select coalesce(jsonb_agg(st_assvg(geom, 0, 1)) filter (where not st_isempty(geom)), '[]')
              from road),
    'areas', (select jsonb_agg(jsonb_build_object('d', st_assvg(moved, 0, 2),
                  'dimension', st_dimension(geom), 'x', st_x(middle), 'y', -st_y(middle),
                  'away', st_distance(st_centroid(geom), (select st_centroid(o.geom) from area o where o.n = 1)))
                  order by n)
              from area cross join frame
              cross join lateral (select st_translate(geom, -x, -y) as moved) m
              cross join lateral (select st_centroid(m.moved) as middle) c)) as drawn
