-- Layer indoor_gas_inspections: Indoor gas inspections 入户安检
create table data.indoor_gas_inspections (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
    code text,
    name text,
    accuracy_m double precision,
    source_date date,
    estate text,
    operator text,
    starts_on date,
    ends_on date,
    households integer,
    visited integer,
    no_access integer,
    refused integer,
    found integer,
    left_open integer,
    inspector text,
    phone text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(Geometry, {srid}),
    check (geom is not null and not st_isempty(geom) and geometrytype(geom) <> 'GEOMETRYCOLLECTION'),
    unique (dataset_id, source_id)
);
create index indoor_gas_inspections_geom on data.indoor_gas_inspections using gist (geom);

create trigger a_next_version before update on data.indoor_gas_inspections
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.indoor_gas_inspections
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.indoor_gas_inspections
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.indoor_gas_inspections
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.indoor_gas_inspections
    for each statement execute function data.no_truncate();

create view api.indoor_gas_inspections as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.estate, t.operator, t.starts_on, t.ends_on, t.households, t.visited, t.no_access, t.refused, t.found, t.left_open, case when api.knows('{supervisor,planner}', t.geom) then t.inspector end as inspector, case when api.knows('{supervisor,planner}', t.geom) then t.phone end as phone, case when api.knows('{planner,supervisor}', t.geom) then t.extra else '{}'::jsonb end as extra, t.repair, t.geom
 from data.indoor_gas_inspections t where (select coalesce(api.role(), '') <> all ('{inspector,warden}'))
    or api.in_my_area(t.geom);

grant select on api.indoor_gas_inspections to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer, gridwarden_inspector, gridwarden_warden;
grant select, insert, update, delete on data.indoor_gas_inspections to gridwarden_import;
grant select on data.indoor_gas_inspections to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('indoor_gas_inspections', false, '{planner,supervisor,administrator}');
select data.twin('indoor_gas_inspections');
