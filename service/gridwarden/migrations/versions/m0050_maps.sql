-- The share of each district that lies in surveyed coverage, in whole percents (0 to 1): viewers
-- may not read the coverage's outline, but must not take "nobody looked" for "nothing found".
create view api.district_surveyed as
select d.id as district_id,
    round((coalesce(st_area(st_union(st_intersection(v.geom, d.geom))), 0)
        / nullif(st_area(d.geom), 0))::numeric, 2)::float8 as surveyed
from data.districts d
left join data.coverage v on st_intersects(v.geom, d.geom)
group by d.id;

-- When the city was last screened, by what, and how many changes it has not seen: every figure
-- shows its date.
create view api.screened as
select (select max(j.finished_at) from data.job j
        where j.kind = 'screen' and j.state = 'finished') as screened_at,
    (select coalesce(sum(c.rows), 0)::bigint from data.change c) as waiting,
    (select string_agg(p.id || '@' || p.version, ' ' order by p.base desc, p.id)
     from data.rule_pack p) as pack;

grant select on api.screened to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator;
grant select on api.district_surveyed to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_viewer;
