-- Layer fire_lanes: Fire lanes 消防车道
create table data.fire_lanes (
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
    width_m double precision,
    clear_height_m double precision,
    length_m double precision,
    dead_end boolean,
    state text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(MultiPolygon, {srid}),
    check (geom is not null and not st_isempty(geom)),
    unique (dataset_id, source_id)
);
create index fire_lanes_geom on data.fire_lanes using gist (geom);

create trigger a_next_version before update on data.fire_lanes
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.fire_lanes
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.fire_lanes
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.fire_lanes
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.fire_lanes
    for each statement execute function data.no_truncate();

create view api.fire_lanes as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.kind, t.width_m, t.clear_height_m, t.length_m, t.dead_end, t.state, t.extra, t.repair, t.geom
 from data.fire_lanes t;

grant select on api.fire_lanes to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
grant select, insert, update, delete on data.fire_lanes to gridwarden_import;
grant select on data.fire_lanes to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('fire_lanes', false, '{planner,supervisor,administrator}');
