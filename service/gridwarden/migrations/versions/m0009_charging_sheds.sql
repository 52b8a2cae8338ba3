-- Layer charging_sheds: Charging sheds 充电棚
create table data.charging_sheds (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
    code text,
    name text,
    accuracy_m double precision,
    source_date date,
    places integer,
    free integer,
    status text,
    status_at timestamptz,
    power_on boolean,
    open_to_public boolean,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(Geometry, {srid}),
    check (geom is not null and not st_isempty(geom) and geometrytype(geom) <> 'GEOMETRYCOLLECTION'),
    unique (dataset_id, source_id)
);
create index charging_sheds_geom on data.charging_sheds using gist (geom);

create trigger a_next_version before update on data.charging_sheds
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.charging_sheds
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.charging_sheds
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.charging_sheds
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.charging_sheds
    for each statement execute function data.no_truncate();

create view api.charging_sheds as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.places, t.free, t.status, t.status_at, t.power_on, t.open_to_public, t.extra, t.repair, t.geom
 from data.charging_sheds t;

grant select on api.charging_sheds to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
grant select, insert, update, delete on data.charging_sheds to gridwarden_import;
grant select on data.charging_sheds to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('charging_sheds', false, '{supervisor,administrator}');
