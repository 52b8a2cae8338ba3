create or replace view api.hazard_proof as
    select p.id, p.case_id, p.kind, case when seen.whole then p.sha256 end as sha256,
           case when seen.whole then p.name else '' end as name, p.media, p.bytes, p.width, p.height,
           p.taken_at, p.taken_zoned,
           case when seen.whole then st_x(st_transform(p.place, 4326)) end as lon,
           case when seen.whole then st_y(st_transform(p.place, 4326)) end as lat,
           case when seen.whole then p.system end as system,
           case when seen.whole then p.accuracy_m end as accuracy_m,
           case when seen.whole then round(p.distance_m::numeric, 1)::float8 end as distance_m,
           p.within_m, p.checks, case when seen.whole then p.note else '' end as note, replace(p.role, 'gridwarden_', '') as role, p.person, p.at,
           p.day, p.preview is not null as preview, seen.whole
    from data.hazard_proof p
    join api.hazard_case c on c.id = p.case_id
    cross join lateral (select not c.veiled as whole offset 0) seen;

create or replace view api.critical_work as
    select w.case_id, w.site_id, w.work, w.words, w.person, w.at,
           c.state not in ('closed', 'looked_back', 'invalid') as holds, s.name, s.code, s.stage
    from data.critical_work w
    join api.hazard_case c on c.id = w.case_id
    left join data.construction_sites s on s.id = w.site_id;

create or replace view api.stage_override as
    select o.id, o.case_id, o.site_id, o.to_stage, o.why, o.person, o.at, o.until, o.used_at
    from data.stage_override o join api.hazard_case c on c.id = o.case_id;
