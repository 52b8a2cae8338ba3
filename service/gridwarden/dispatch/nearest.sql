-- name: nearest
-- K nearest by the metric column (`<->` on degrees sorts by degrees and is wrong). The index walks
-- outwards and knows no second order, so a few more are taken and ties go by id: the same question
-- has the same answer.
select coalesce(json_agg(json_build_object(
    'id', id, 'code', code, 'name', name, 'distance_m', round(m::numeric, 1), 'by', 'line',
    'places', places, 'free', free, 'status', status,
    'status_age_min', floor(extract(epoch from clock_timestamp() - status_at) / 60)::bigint,
    'power_on', power_on, 'open_to_public', open_to_public,
    'lon', round(st_x(lonlat)::numeric, 7), 'lat', round(st_y(lonlat)::numeric, 7))
    order by m, id), '[]')::text
from (
    select walked.*, st_transform(st_pointonsurface(geom), 4326) as lonlat
    from (
        select s.*, s.geom <-> st_setsrid(st_makepoint(%(x)s, %(y)s), %(srid)s) as m
        from api.charging_sheds s
        where not %(free)s or (s.free > 0 and s.status is distinct from 'fault'
                               and s.status is distinct from 'closed' and s.power_on is not false)
        order by m
        limit %(k)s + 20
    ) walked
    order by m, id
    limit %(k)s
) nearest
