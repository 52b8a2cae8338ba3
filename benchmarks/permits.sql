-- name: places
-- Squares of 30 m around buildings, in lon, lat, the same for every run of the same city.
select st_asgeojson(st_transform(st_expand(st_centroid(geom), 15), 4326), 9)
from data.buildings order by md5(id::text) limit %(count)s

-- name: reach
-- How far a mechanical dig asks: the widest range, outer edge and accuracy, and what it is asked in.
select (select max(limit_m)::float8 from data.main_rule where kind = 'activity' and method = 'mechanical')
     + (select max(edge_m + coalesce(accuracy_m, 1)) from data.main_piece) + 0.001

-- name: near
-- The nearness question and nothing else: which mains, and how far from their outer edge.
select json_agg(json_build_object('id', m.id, 'gap', round((st_distance(m.geom, g.geom) - p.edge_m)::numeric, 4)))
from (select st_setsrid(st_geomfromgeojson(%(area)s), data.working_srid()) as geom) g
cross join lateral (
    select distinct on (p.main_id) p.main_id, p.edge_m from data.main_piece p
    where st_dwithin(p.geom, g.geom, %(reach)s) order by p.main_id) p
join data.gas_pipelines m on m.id = p.main_id

-- name: near_audited
-- The same with the audit row that every answer leaves: what asked, how many mains.
with answer as materialized (
    select json_agg(json_build_object('id', m.id, 'gap', round((st_distance(m.geom, g.geom) - p.edge_m)::numeric, 4)))
    from (select st_setsrid(st_geomfromgeojson(%(area)s), data.working_srid()) as geom) g
    cross join lateral (
        select distinct on (p.main_id) p.main_id, p.edge_m from data.main_piece p
        where st_dwithin(p.geom, g.geom, %(reach)s) order by p.main_id) p
    join data.gas_pipelines m on m.id = p.main_id
)
select a.mains, api.record('permit.check', 'bench', jsonb_build_object('area', %(area)s::jsonb),
                           json_array_length(a.mains))
from answer a(mains)
