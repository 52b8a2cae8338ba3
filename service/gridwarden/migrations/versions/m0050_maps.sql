-- The share of each district that lies in surveyed coverage, in whole percents (0 to 1): viewers
-- may not read the coverage's outline, but must not take "nobody looked" for "nothing found".
create view api.district_surveyed as
select d.id as district_id,
    round((coalesce(st_area(st_union(st_intersection(v.geom, d.geom))), 0)
        / nullif(st_area(d.geom), 0))::numeric, 2)::float8 as surveyed
from data.districts d
left join data.coverage v on st_intersects(v.geom, d.geom)
group by d.id;

-- When the city was last screened, by what, whether there are changes that it has not seen, and
-- of what day the data are: every figure shows its date. How many changes wait is not told:
-- counting them tells what others bring.
create view api.screened as
select (select max(j.finished_at) from data.job j
        where j.kind = 'screen' and j.state = 'finished') as screened_at,
    exists (select from data.change) as waiting,
    (select string_agg(p.id || '@' || p.version, ' ' order by p.base desc, p.id)
     from data.rule_pack p) as pack,
    (select max(d.published_at) from data.dataset d) as published_at;

-- Which layers there are data of, for a city that wants to know what it lacks: no name, no number.
create view api.loaded as
select layer, max(published_at) as published_at
from data.dataset where version > 0 group by layer;

grant select on api.screened, api.loaded to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator;
grant select on api.district_surveyed to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_viewer;
