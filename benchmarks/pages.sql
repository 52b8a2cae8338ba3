-- name: cells
-- What counting findings by 500 m cell costs at least.
select floor(x / 500)::bigint, floor(y / 500)::bigint, family, severity, certainty, count(*)
from data.finding group by 1, 2, 3, 4, 5

-- name: cells_asked
select * from api.finding_cell(500)

-- name: ids
select array_agg(id order by md5(id::text)) from (
    select id from data.buildings where id <= (select max(id) - %(room)s from data.buildings)) b

-- name: features
-- A page as most write it: the row through st_asgeojson, nothing about its dataset or its links.
select json_build_object('type', 'FeatureCollection', 'features',
           coalesce(json_agg(st_asgeojson(t.*)::json), '[]'))::text
from (select id, code, name, accuracy_m, source_date, height_m, storeys, use, water_system_state,
             source_id, version, st_transform(geom, 4326) as geom
      from data.buildings where id > %(after)s order by id limit %(limit)s) t
