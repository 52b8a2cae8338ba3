-- A plain city made on the server, with what real networks have and small samples lack: a few
-- long trunk mains, whose bounding boxes are fat. Metres, working CRS, seeded.

-- name: seed
select setseed(0.7)

-- name: datasets
insert into data.dataset (layer, name, version, published_at)
values ('buildings', 'bench', 1, clock_timestamp()), ('gas_pipelines', 'bench', 1, clock_timestamp())

-- name: buildings
-- One in each square of 60 m, 8 to 30 m wide, turned.
insert into data.buildings (dataset_id, source_id, accuracy_m, height_m, geom)
select d.id, n::text, 0.3, 3 + random() * 60,
       st_setsrid(st_multi(st_rotate(st_makeenvelope(x, y, x + 8 + random() * 22, y + 8 + random() * 22),
           random() * pi(), x, y)), data.working_srid())
from data.dataset d,
     lateral (select n, 500000 + (n %% %(side)s) * 60 + random() * 20 as x,
                     3400000 + (n / %(side)s) * 60 + random() * 20 as y
              from generate_series(0, %(buildings)s - 1) n) place
where d.layer = 'buildings' and d.name = 'bench'

-- name: mains
-- `vertices` points `step` metres apart, wandering about a straight line.
insert into data.gas_pipelines (dataset_id, source_id, accuracy_m, pressure_class, material, dn, status, geom)
select d.id, %(kind)s || n, 0.2, (array['L', 'MB', 'MA', 'SHB'])[1 + n %% 4], 'steel', 200, 'in_use',
       st_setsrid(st_multi(line.geom), data.working_srid())
from data.dataset d,
     lateral (select n, 500000 + random() * %(side)s * 60 as x, 3400000 + random() * %(side)s * 60 as y,
                     random() * 2 * pi() as towards
              from generate_series(1, %(mains)s) n) start,
     lateral (select st_makeline(array_agg(st_makepoint(
                         x + i * %(step)s * cos(towards) + 60 * sin(i / 9.0) * sin(towards),
                         y + i * %(step)s * sin(towards) - 60 * sin(i / 9.0) * cos(towards)) order by i)) as geom
              from generate_series(0, %(vertices)s - 1) i) line
where d.layer = 'gas_pipelines' and d.name = 'bench'

-- name: size
select (select count(*) from data.buildings), (select count(*) from data.gas_pipelines),
       (select count(*) from data.main_piece), (select count(*) from data.finding)
