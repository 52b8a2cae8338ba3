-- Layer liquid_fuel_users: Liquid fuel: restaurants and transporters 液体燃料餐饮及运输单位
create table data.liquid_fuel_users (
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
    fuel text,
    in_use boolean,
    licensed boolean,
    alarm boolean,
    stored_kg double precision,
    surveyed_on date,
    address text,
    in_charge text,
    phone text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(Geometry, {srid}),
    check (geom is not null and not st_isempty(geom) and geometrytype(geom) <> 'GEOMETRYCOLLECTION'),
    unique (dataset_id, source_id)
);
create index liquid_fuel_users_geom on data.liquid_fuel_users using gist (geom);

create trigger a_next_version before update on data.liquid_fuel_users
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.liquid_fuel_users
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.liquid_fuel_users
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.liquid_fuel_users
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.liquid_fuel_users
    for each statement execute function data.no_truncate();

create view api.liquid_fuel_users as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.kind, t.fuel, t.in_use, t.licensed, t.alarm, t.stored_kg, t.surveyed_on, t.address, case when api.knows('{supervisor,planner,inspector,warden}', t.geom) then t.in_charge end as in_charge, case when api.knows('{supervisor,planner,inspector,warden}', t.geom) then t.phone end as phone, case when api.knows('{inspector,planner,supervisor,warden}', t.geom) then t.extra else '{}'::jsonb end as extra, t.repair, t.geom
 from data.liquid_fuel_users t where (select coalesce(api.role(), '') <> all ('{inspector,warden}'))
    or api.in_my_area(t.geom);

grant select on api.liquid_fuel_users to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer, gridwarden_inspector, gridwarden_warden;
grant select, insert, update, delete on data.liquid_fuel_users to gridwarden_import;
grant select on data.liquid_fuel_users to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('liquid_fuel_users', false, '{planner,supervisor,administrator}');
select data.twin('liquid_fuel_users');
