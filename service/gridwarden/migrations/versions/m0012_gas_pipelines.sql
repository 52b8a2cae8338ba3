-- Layer gas_pipelines: Gas mains 燃气管线
create table data.gas_pipelines (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
    code text,
    name text,
    accuracy_m double precision,
    source_date date,
    pipe_id text,
    operator text,
    medium text,
    pressure_class text,
    p_design_mpa double precision,
    p_mop_mpa double precision,
    material text,
    dn double precision,
    od_mm double precision,
    wall_mm double precision,
    laying text,
    depth_top_m double precision,
    depth_ref text,
    casing text,
    year_laid integer,
    status text,
    survey_date date,
    survey_method text,
    ql text,
    extra jsonb not null default '{}',
    repair text,
    geom geometry(MultiLineString, {srid}),
    check (geom is not null and not st_isempty(geom)),
    unique (dataset_id, source_id)
);
create index gas_pipelines_geom on data.gas_pipelines using gist (geom);

create trigger a_next_version before update on data.gas_pipelines
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.gas_pipelines
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.gas_pipelines
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.gas_pipelines
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.gas_pipelines
    for each statement execute function data.no_truncate();

create view api.gas_pipelines as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.pipe_id, t.operator, t.medium, t.pressure_class, t.p_design_mpa, t.p_mop_mpa, t.material, t.dn, t.od_mm, t.wall_mm, t.laying, t.depth_top_m, t.depth_ref, t.casing, t.year_laid, t.status, t.survey_date, t.survey_method, t.ql, t.extra, t.repair, t.geom
 from data.gas_pipelines t where api.my_org(t.org_id)
    or api.may_look() and (api.my_district(null) or exists (
        select from data.districts d
        where api.my_district(d.id) and st_intersects(d.geom, t.geom)));

grant select on api.gas_pipelines to gridwarden_utility, gridwarden_supervisor;
grant select, insert, update, delete on data.gas_pipelines to gridwarden_import;
grant select on data.gas_pipelines to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('gas_pipelines', true, '{utility,supervisor}');
