-- Layer property_companies: Property companies 物业服务企业
create table data.property_companies (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
    code text,
    name text,
    accuracy_m double precision,
    source_date date,
    credit_code text,
    estate text,
    address text,
    estates_n integer,
    households integer,
    score double precision,
    credit_grade text,
    fire_trained boolean,
    fines_cny double precision,
    duty_phone text,
    manager text,
    phone text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(Geometry, {srid}),
    check (geom is not null and not st_isempty(geom) and geometrytype(geom) <> 'GEOMETRYCOLLECTION'),
    unique (dataset_id, source_id)
);
create index property_companies_geom on data.property_companies using gist (geom);

create trigger a_next_version before update on data.property_companies
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.property_companies
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.property_companies
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.property_companies
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.property_companies
    for each statement execute function data.no_truncate();

create view api.property_companies as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.credit_code, t.estate, t.address, t.estates_n, t.households, t.score, t.credit_grade, t.fire_trained, t.fines_cny, t.duty_phone, case when api.knows('{supervisor,planner,inspector}', t.geom) then t.manager end as manager, case when api.knows('{supervisor,planner,inspector}', t.geom) then t.phone end as phone, case when api.knows('{inspector,planner,supervisor}', t.geom) then t.extra else '{}'::jsonb end as extra, t.repair, t.geom
 from data.property_companies t where (select coalesce(api.role(), '') <> all ('{inspector}'))
    or api.in_my_area(t.geom);

grant select on api.property_companies to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer, gridwarden_inspector;
grant select, insert, update, delete on data.property_companies to gridwarden_import;
grant select on data.property_companies to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('property_companies', false, '{planner,supervisor,administrator}');
select data.twin('property_companies');
