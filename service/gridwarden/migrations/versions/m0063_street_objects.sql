-- Layer street_objects: Street objects 沿线树木杆线堆载
create table data.street_objects (
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
    voltage_kv double precision,
    deep_rooted boolean,
    operator text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(Geometry, {srid}),
    check (geom is not null and not st_isempty(geom) and geometrytype(geom) <> 'GEOMETRYCOLLECTION'),
    unique (dataset_id, source_id)
);
create index street_objects_geom on data.street_objects using gist (geom);

create trigger a_next_version before update on data.street_objects
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.street_objects
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.street_objects
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.street_objects
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.street_objects
    for each statement execute function data.no_truncate();

create view api.street_objects as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.kind, t.voltage_kv, t.deep_rooted, t.operator, t.extra, t.repair, t.geom
 from data.street_objects t;

grant select on api.street_objects to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
grant select, insert, update, delete on data.street_objects to gridwarden_import;
grant select on data.street_objects to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('street_objects', false, '{supervisor,administrator}');
