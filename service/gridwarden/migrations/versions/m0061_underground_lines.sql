-- Layer underground_lines: Underground lines 地下管线
create table data.underground_lines (
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
    laying text,
    voltage_kv double precision,
    dn double precision,
    od_mm double precision,
    depth_top_m double precision,
    material text,
    operator text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(MultiLineString, {srid}),
    check (geom is not null and not st_isempty(geom)),
    unique (dataset_id, source_id)
);
create index underground_lines_geom on data.underground_lines using gist (geom);

create trigger a_next_version before update on data.underground_lines
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.underground_lines
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.underground_lines
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.underground_lines
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.underground_lines
    for each statement execute function data.no_truncate();

create view api.underground_lines as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.kind, t.laying, t.voltage_kv, t.dn, t.od_mm, t.depth_top_m, t.material, t.operator, t.extra, t.repair, t.geom
 from data.underground_lines t;

grant select on api.underground_lines to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
grant select, insert, update, delete on data.underground_lines to gridwarden_import;
grant select on data.underground_lines to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('underground_lines', false, '{supervisor,administrator}');
