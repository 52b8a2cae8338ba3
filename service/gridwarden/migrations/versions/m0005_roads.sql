-- Layer roads: Roads 道路
create table data.roads (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
    code text,
    name text,
    accuracy_m double precision,
    source_date date,
    road_class text,
    width_m double precision,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(MultiLineString, {srid}),
    check (geom is not null and not st_isempty(geom)),
    unique (dataset_id, source_id)
);
create index roads_geom on data.roads using gist (geom);

create trigger a_next_version before update on data.roads
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.roads
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.roads
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.roads
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.roads
    for each statement execute function data.no_truncate();

create view api.roads as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.road_class, t.width_m, t.extra, t.repair, t.geom
 from data.roads t;

grant select on api.roads to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
grant select, insert, update, delete on data.roads to gridwarden_import;
grant select on data.roads to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('roads', false, '{planner,supervisor,administrator}');
