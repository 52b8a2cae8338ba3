-- Layer coverage: Surveyed coverage 已普查范围
create table data.coverage (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
    code text,
    name text,
    accuracy_m double precision,
    source_date date,
    operator text,
    surveyed_on date,
    update_days integer,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(MultiPolygon, {srid}),
    check (geom is not null and not st_isempty(geom)),
    unique (dataset_id, source_id)
);
create index coverage_geom on data.coverage using gist (geom);

create trigger a_next_version before update on data.coverage
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.coverage
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.coverage
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.coverage
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.coverage
    for each statement execute function data.no_truncate();

create view api.coverage as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.operator, t.surveyed_on, t.update_days, t.extra, t.repair, t.geom
 from data.coverage t;

grant select on api.coverage to gridwarden_utility, gridwarden_supervisor, gridwarden_planner;
grant select, insert, update, delete on data.coverage to gridwarden_import;
grant select on data.coverage to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('coverage', false, '{utility,supervisor,administrator}');
