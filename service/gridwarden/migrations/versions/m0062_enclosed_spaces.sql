-- Layer enclosed_spaces: Enclosed spaces 地下密闭空间
create table data.enclosed_spaces (
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
    depth_top_m double precision,
    ventilated boolean,
    operator text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(Geometry, {srid}),
    check (geom is not null and not st_isempty(geom) and geometrytype(geom) <> 'GEOMETRYCOLLECTION'),
    unique (dataset_id, source_id)
);
create index enclosed_spaces_geom on data.enclosed_spaces using gist (geom);

create trigger a_next_version before update on data.enclosed_spaces
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.enclosed_spaces
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.enclosed_spaces
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.enclosed_spaces
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.enclosed_spaces
    for each statement execute function data.no_truncate();

create view api.enclosed_spaces as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.kind, t.depth_top_m, t.ventilated, t.operator, t.extra, t.repair, t.geom
 from data.enclosed_spaces t;

grant select on api.enclosed_spaces to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
grant select, insert, update, delete on data.enclosed_spaces to gridwarden_import;
grant select on data.enclosed_spaces to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('enclosed_spaces', false, '{supervisor,administrator}');
