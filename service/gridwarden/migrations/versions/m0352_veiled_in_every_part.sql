-- A camera writes what its owner tells it to. Who reads a case by its 500 m cell alone (it is tied to a main)
-- would send photos of places of their own choice, and find the case's by which of them are too far.
create or replace view api.hazard_proof as
    select p.id, p.case_id, p.kind, case when seen.whole then p.sha256 end as sha256,
           case when seen.whole then p.name else '' end as name, p.media, p.bytes, p.width, p.height,
           p.taken_at, p.taken_zoned,
           case when seen.whole then st_x(st_transform(p.place, 4326)) end as lon,
           case when seen.whole then st_y(st_transform(p.place, 4326)) end as lat,
           case when seen.whole then p.system end as system,
           case when seen.whole then p.accuracy_m end as accuracy_m,
           case when seen.whole then round(p.distance_m::numeric, 1)::float8 end as distance_m,
           p.within_m,
           case when seen.whole then p.checks else array(
               select k.name from unnest(p.checks) with ordinality k (name, n)
               where k.name not in ('no_case_place', 'gcj02', 'far', 'other_spot') order by k.n) end as checks,
           case when seen.whole then p.note else '' end as note, replace(p.role, 'gridwarden_', '') as role, p.person, p.at,
           p.day, p.preview is not null as preview, seen.whole
    from data.hazard_proof p
    join api.hazard_case c on c.id = p.case_id
    cross join lateral (select not c.veiled as whole offset 0) seen;

-- The site that a case holds is what it was found of: its name would say which one a veiled case is.
create or replace view api.critical_work as
    select w.case_id, case when not c.veiled then w.site_id end as site_id, w.work,
           case when not c.veiled then w.words else '' end as words, w.person, w.at,
           c.state not in ('closed', 'looked_back', 'invalid') as holds,
           case when not c.veiled then s.name end as name, case when not c.veiled then s.code end as code,
           case when not c.veiled then s.stage end as stage
    from data.critical_work w
    join api.hazard_case c on c.id = w.case_id
    left join data.construction_sites s on s.id = w.site_id;
create or replace view api.stage_override as
    select o.id, o.case_id, case when not c.veiled then o.site_id end as site_id,
           case when not c.veiled then o.to_stage else '' end as to_stage,
           case when not c.veiled then o.why else '' end as why, o.person, o.at, o.until, o.used_at
    from data.stage_override o join api.hazard_case c on c.id = o.case_id;
