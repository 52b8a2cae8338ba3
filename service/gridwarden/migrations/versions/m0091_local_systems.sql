-- A city's or a firm's own plane coordinates, fitted by common points, under a name. A fit is never
-- changed: another one of the same name is its next version. Such parameters are confidential: a
-- company's are its own, the office's are the office's.
create table data.local_system (
    id bigint generated always as identity primary key,
    name text not null check (char_length(name) between 1 and 100),
    org_id bigint,
    version integer not null,
    crs text not null,
    north_first boolean not null,
    points jsonb not null,
    parameters jsonb not null,
    scale double precision not null,
    rotation_deg double precision not null,
    rmse_m double precision not null,
    checked boolean not null,
    accuracy_m double precision not null check (accuracy_m > 0),
    made_by text default nullif(current_setting('gridwarden.person', true), ''),
    made_at timestamptz not null default clock_timestamp(),
    unique nulls not distinct (org_id, name, version)
);
comment on table data.local_system is
    '`points`: [{"name", "local": [first, second], "true": [first, second], "residual_m", '
    '"left_out_m"}] as they were given; `parameters`: {"centre", "onto", "p", "q", "common"} in '
    'metres of the working CRS; `crs` is that of the true coordinates as given.';

create view api.local_system as
    select s.id, s.name, s.version, s.org_id, s.crs, s.north_first, s.points, s.parameters, s.scale,
           s.rotation_deg, s.rmse_m, s.checked, s.accuracy_m, s.made_by, s.made_at
    from data.local_system s
    where case when current_setting('role') = 'gridwarden_utility' then api.my_org(s.org_id)
               else s.org_id is null end;

-- Keep a fit: the version that it became. A company keeps its own alone.
create function api.keep_local_system(name text, org_id bigint, fit jsonb) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    made bigint;
    nth integer;
begin
    if (case when current_setting('role') = 'gridwarden_utility'
             then not api.my_org(keep_local_system.org_id)
             else keep_local_system.org_id is not null end) then
        raise exception 'a local system of another organisation' using errcode = 'insufficient_privilege';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('local system ' || keep_local_system.name, 0));
    select coalesce(max(s.version), 0) + 1 into nth from data.local_system s
        where s.name = keep_local_system.name
          and s.org_id is not distinct from keep_local_system.org_id;
    insert into data.local_system (name, org_id, version, crs, north_first, points, parameters,
                                   scale, rotation_deg, rmse_m, checked, accuracy_m)
        select keep_local_system.name, keep_local_system.org_id, nth, f.crs, f.north_first, f.points,
               f.parameters, f.scale, f.rotation_deg, f.rmse_m, f.checked, f.accuracy_m
        from jsonb_to_record(keep_local_system.fit) as f (crs text, north_first boolean, points jsonb,
            parameters jsonb, scale double precision, rotation_deg double precision,
            rmse_m double precision, checked boolean, accuracy_m double precision)
        returning id into made;
    perform api.record('local_system', keep_local_system.name, jsonb_build_object(
        'version', nth, 'points', jsonb_array_length(keep_local_system.fit -> 'points'),
        'accuracy_m', keep_local_system.fit -> 'accuracy_m'));
    return made;
end
$$;
revoke all on function api.keep_local_system(text, bigint, jsonb) from public;
grant execute on function api.keep_local_system(text, bigint, jsonb) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
grant select on api.local_system to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
grant select on data.local_system to gridwarden_import;
