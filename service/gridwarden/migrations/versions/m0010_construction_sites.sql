-- Layer construction_sites: Construction sites 建筑工地
create table data.construction_sites (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
    code text,
    name text,
    accuracy_m double precision,
    source_date date,
    stage text,
    contractor text,
    starts_on date,
    ends_on date,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(Geometry, {srid}),
    check (geom is not null and not st_isempty(geom) and geometrytype(geom) <> 'GEOMETRYCOLLECTION'),
    unique (dataset_id, source_id)
);
create index construction_sites_geom on data.construction_sites using gist (geom);

create trigger a_next_version before update on data.construction_sites
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.construction_sites
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.construction_sites
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.construction_sites
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.construction_sites
    for each statement execute function data.no_truncate();

create view api.construction_sites as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.stage, t.contractor, t.starts_on, t.ends_on, t.extra, t.repair, t.geom
 from data.construction_sites t;

grant select on api.construction_sites to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
grant select, insert, update, delete on data.construction_sites to gridwarden_import;
grant select on data.construction_sites to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('construction_sites', false, '{supervisor,administrator}');
