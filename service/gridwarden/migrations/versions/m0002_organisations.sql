-- Layer organisations: Organisations 单位
create table data.organisations (
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
    phone text,
    duty_phone text,
    address text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(Geometry, {srid}),
    check (geom is null),
    unique (dataset_id, source_id)
);
create index organisations_geom on data.organisations using gist (geom);

create trigger a_next_version before update on data.organisations
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.organisations
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.organisations
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.organisations
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.organisations
    for each statement execute function data.no_truncate();

create view api.organisations as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.kind, t.phone, t.duty_phone, t.address, t.extra, t.repair, t.geom
 from data.organisations t;

grant select on api.organisations to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
grant select, insert, update, delete on data.organisations to gridwarden_import;
grant select on data.organisations to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('organisations', false, '{administrator}');
