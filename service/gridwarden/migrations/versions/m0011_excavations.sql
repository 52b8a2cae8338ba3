-- Layer excavations: Excavations 开挖
create table data.excavations (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
    code text,
    name text,
    accuracy_m double precision,
    source_date date,
    method text,
    depth_m double precision,
    starts_on date,
    ends_on date,
    contractor text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(Geometry, {srid}),
    check (geom is not null and not st_isempty(geom) and geometrytype(geom) <> 'GEOMETRYCOLLECTION'),
    unique (dataset_id, source_id)
);
create index excavations_geom on data.excavations using gist (geom);

create trigger a_next_version before update on data.excavations
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.excavations
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.excavations
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.excavations
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.excavations
    for each statement execute function data.no_truncate();

create view api.excavations as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.method, t.depth_m, t.starts_on, t.ends_on, t.contractor, t.extra, t.repair, t.geom
 from data.excavations t;

grant select on api.excavations to gridwarden_utility, gridwarden_supervisor, gridwarden_planner;
grant select, insert, update, delete on data.excavations to gridwarden_import;
grant select on data.excavations to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('excavations', false, '{utility,planner,supervisor,administrator}');
