-- Layer rented_dwellings: Rented dwellings 出租房屋
create table data.rented_dwellings (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
    code text,
    name text,
    accuracy_m double precision,
    source_date date,
    area_m2 double precision,
    occupants integer,
    most_in_a_room integer,
    partition_added boolean,
    let_room text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(Geometry, {srid}),
    check (geom is not null and not st_isempty(geom) and geometrytype(geom) <> 'GEOMETRYCOLLECTION'),
    unique (dataset_id, source_id)
);
create index rented_dwellings_geom on data.rented_dwellings using gist (geom);

create trigger a_next_version before update on data.rented_dwellings
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.rented_dwellings
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.rented_dwellings
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.rented_dwellings
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.rented_dwellings
    for each statement execute function data.no_truncate();

create view api.rented_dwellings as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.area_m2, t.occupants, t.most_in_a_room, t.partition_added, t.let_room, t.extra, t.repair, t.geom
 from data.rented_dwellings t;

grant select on api.rented_dwellings to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
grant select, insert, update, delete on data.rented_dwellings to gridwarden_import;
grant select on data.rented_dwellings to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('rented_dwellings', false, '{planner,supervisor,administrator}');
