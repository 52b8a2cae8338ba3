-- Layer petitions: Petitions 信访事项
create table data.petitions (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
    code text,
    name text,
    accuracy_m double precision,
    source_date date,
    matter text,
    stage text,
    received_on date,
    age_days integer,
    repeats integer,
    people integer,
    planned boolean,
    department text,
    estate text,
    petitioner text,
    phone text,
    home text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(Geometry, {srid}),
    check (geom is not null and not st_isempty(geom) and geometrytype(geom) <> 'GEOMETRYCOLLECTION'),
    unique (dataset_id, source_id)
);
create index petitions_geom on data.petitions using gist (geom);

create trigger a_next_version before update on data.petitions
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.petitions
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.petitions
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.petitions
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.petitions
    for each statement execute function data.no_truncate();

create view api.petitions as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.matter, t.stage, t.received_on, t.age_days, t.repeats, t.people, t.planned, t.department, t.estate, case when api.knows('{supervisor}', t.geom) then t.petitioner end as petitioner, case when api.knows('{supervisor}', t.geom) then t.phone end as phone, case when api.knows('{supervisor}', t.geom) then t.home end as home, case when api.knows('{supervisor}', t.geom) then t.extra else '{}'::jsonb end as extra, t.repair, t.geom
 from data.petitions t where (select coalesce(api.role(), '') <> all ('{inspector}'))
    or api.in_my_area(t.geom);

grant select on api.petitions to gridwarden_supervisor, gridwarden_planner, gridwarden_inspector;
grant select, insert, update, delete on data.petitions to gridwarden_import;
grant select on data.petitions to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('petitions', false, '{supervisor,administrator}');
select data.twin('petitions');
