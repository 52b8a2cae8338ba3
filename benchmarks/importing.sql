-- name: plain
create table bench.plain (
    source_id text, name text, height_m float8, storeys float8, use text,
    water_system_state text, accuracy_m float8, source_date date,
    geom geometry(MultiPolygon, 4547) not null)

-- name: copy
copy bench.plain from stdin

-- name: index
create index on bench.plain using gist (geom)

-- name: count_plain
select count(*) from bench.plain

-- name: count_buildings
select count(*), (select count(*) from data.history where layer = 'buildings'),
       (select count(*) from data.quarantine)
from data.buildings
