-- Layer building_water_systems: Building water systems 建筑水系统
create table data.building_water_systems (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
    code text,
    name text,
    accuracy_m double precision,
    source_date date,
    building text,
    estate text,
    kind text,
    state text,
    defects text,
    plan text,
    planned_until date,
    money_cny double precision,
    money_from text,
    tested_on date,
    keeper text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(Geometry, {srid}),
    check (geom is not null and not st_isempty(geom) and geometrytype(geom) <> 'GEOMETRYCOLLECTION'),
    unique (dataset_id, source_id)
);
create index building_water_systems_geom on data.building_water_systems using gist (geom);

create trigger a_next_version before update on data.building_water_systems
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.building_water_systems
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.building_water_systems
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.building_water_systems
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.building_water_systems
    for each statement execute function data.no_truncate();

create view api.building_water_systems as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.building, t.estate, t.kind, t.state, t.defects, t.plan, t.planned_until, t.money_cny, t.money_from, t.tested_on, t.keeper, t.extra, t.repair, t.geom
 from data.building_water_systems t where (select coalesce(api.role(), '') <> all ('{inspector,warden}'))
    or api.in_my_area(t.geom);

grant select on api.building_water_systems to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer, gridwarden_inspector, gridwarden_warden;
grant select, insert, update, delete on data.building_water_systems to gridwarden_import;
grant select on data.building_water_systems to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('building_water_systems', false, '{planner,supervisor,administrator}');
select data.twin('building_water_systems');
