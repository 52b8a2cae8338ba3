-- Layer buildings: Buildings 建筑物
create table data.buildings (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
    code text,
    name text,
    accuracy_m double precision,
    source_date date,
    height_m double precision,
    storeys double precision,
    use text,
    water_system_state text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(MultiPolygon, {srid}),
    check (geom is not null and not st_isempty(geom)),
    unique (dataset_id, source_id)
);
create index buildings_geom on data.buildings using gist (geom);

create trigger a_next_version before update on data.buildings
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.buildings
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.buildings
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.buildings
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.buildings
    for each statement execute function data.no_truncate();

create view api.buildings as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.height_m, t.storeys, t.use, t.water_system_state, t.extra, t.repair, t.geom
 from data.buildings t;

grant select on api.buildings to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
grant select, insert, update, delete on data.buildings to gridwarden_import;
grant select on data.buildings to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('buildings', false, '{supervisor,administrator}');
