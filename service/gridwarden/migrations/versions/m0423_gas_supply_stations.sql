-- Layer gas_supply_stations: Gas supply stations 燃气供应站点
create table data.gas_supply_stations (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
    code text,
    name text,
    accuracy_m double precision,
    source_date date,
    kind text,
    operator text,
    licence text,
    inspected_on date,
    open_defects integer,
    address text,
    duty_phone text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(Geometry, {srid}),
    check (geom is not null and not st_isempty(geom) and geometrytype(geom) <> 'GEOMETRYCOLLECTION'),
    unique (dataset_id, source_id)
);
create index gas_supply_stations_geom on data.gas_supply_stations using gist (geom);

create trigger a_next_version before update on data.gas_supply_stations
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.gas_supply_stations
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.gas_supply_stations
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.gas_supply_stations
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.gas_supply_stations
    for each statement execute function data.no_truncate();

create view api.gas_supply_stations as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.kind, t.operator, t.licence, t.inspected_on, t.open_defects, t.address, t.duty_phone, t.extra, t.repair, t.geom
 from data.gas_supply_stations t where (select coalesce(api.role(), '') <> all ('{inspector}'))
    or api.in_my_area(t.geom);

grant select on api.gas_supply_stations to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer, gridwarden_inspector;
grant select, insert, update, delete on data.gas_supply_stations to gridwarden_import;
grant select on data.gas_supply_stations to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('gas_supply_stations', false, '{planner,supervisor,administrator}');
select data.twin('gas_supply_stations');
