-- Mains are cut into pieces because a long main has a fat bounding box and an index of fat boxes
-- finds everything. Pieces find candidates; every distance is measured from the whole main.

-- A main as the rules see it: class, half outer diameter and what was missing to know them.
create view data.main_as_judged as
    select m.id as main_id, m.org_id, m.accuracy_m, m.geom,
           data.main_class(m.pressure_class, m.p_mop_mpa) as pressure_class,
           coalesce(data.outer_diameter(m.material, m.dn, m.od_mm),
                    data.missing_outer_diameter()) / 2000.0 as edge_m,
           array_remove(array[
               case when data.main_class(m.pressure_class, m.p_mop_mpa) = 'unknown'
                    then 'pressure_class' end,
               case when data.outer_diameter(m.material, m.dn, m.od_mm) is null then 'dn' end],
               null) as missing
    from data.gas_pipelines m
    where m.status is distinct from 'planned';

create table data.main_piece (
    main_id bigint not null,
    no integer not null,
    org_id bigint,
    pressure_class text not null,
    edge_m double precision not null,
    accuracy_m double precision,
    missing text[] not null,
    geom geometry(LineString, {srid}) not null,
    primary key (main_id, no)
);
comment on table data.main_piece is
    'Windows of 8 consecutive vertices, neighbours sharing one, after segmentizing to 60 m. '
    'Kept by triggers on gas_pipelines; as secret as the mains.';
create index main_piece_geom on data.main_piece using gist (geom);

-- Every statement that touches mains cuts again those whose place or nature changed.
create function data.cut_mains() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    again bigint[];
begin
    if tg_op = 'INSERT' then
        select array_agg(id) into again from new_rows;
    elsif tg_op = 'DELETE' then
        delete from data.main_piece p using old_rows o where p.main_id = o.id;
        return null;
    else
        select array_agg(n.id) into again
        from new_rows n join old_rows o using (id)
        where (n.pressure_class, n.p_mop_mpa, n.material, n.dn, n.od_mm, n.accuracy_m, n.org_id)
                is distinct from
              (o.pressure_class, o.p_mop_mpa, o.material, o.dn, o.od_mm, o.accuracy_m, o.org_id)
           or (n.status = 'planned') is distinct from (o.status = 'planned')
           or not st_orderingequals(n.geom, o.geom);
        delete from data.main_piece p where p.main_id = any (again);
    end if;
    insert into data.main_piece (main_id, no, org_id, pressure_class, edge_m, accuracy_m, missing, geom)
        select m.main_id, row_number() over (partition by m.main_id order by part.path, i),
               m.org_id, m.pressure_class, m.edge_m, m.accuracy_m, m.missing,
               st_setsrid(st_makeline(vertices.all[i : i + 7]), data.working_srid())
        from data.main_as_judged m
        cross join lateral st_dump(m.geom) part
        cross join lateral (
            select array_agg(v.geom order by v.path[1]) as "all"
            from st_dumppoints(st_segmentize(st_force2d(part.geom), 60)) v) vertices
        cross join lateral generate_series(1, cardinality(vertices.all) - 1, 7) i
        where m.main_id = any (again);
    return null;
end
$$;
create trigger b_cut_insert after insert on data.gas_pipelines
    referencing new table as new_rows
    for each statement execute function data.cut_mains();
create trigger b_cut_update after update on data.gas_pipelines
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.cut_mains();
create trigger b_cut_delete after delete on data.gas_pipelines
    referencing old table as old_rows
    for each statement execute function data.cut_mains();

-- A pack says what classes and diameters are: after one is published the pieces say it, too.
create function data.classify_pieces() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as
$$
begin
    update data.main_piece p
    set pressure_class = m.pressure_class, edge_m = m.edge_m, missing = m.missing
    from data.main_as_judged m
    where m.main_id = p.main_id
      and (p.pressure_class, p.edge_m, p.missing)
          is distinct from (m.pressure_class, m.edge_m, m.missing);
    return null;
end
$$;

create trigger c_classify_pieces after update of published_at on data.rule_pack
    for each statement execute function data.classify_pieces();

---------------------------------------------------------------------------- findings
create table data.finding (
    id bigint generated always as identity primary key,
    family text not null,
    layer text not null,
    subject_id bigint not null,
    main_id bigint,
    main boolean not null generated always as (main_id is not null) stored,
    severity text not null check (severity in ('general', 'serious', 'major')),
    certainty text not null check (certainty in ('certain', 'possible')),
    distance_band text check (distance_band in ('0-5', '5-15', '15-50', '50+')),
    org_id bigint,
    district_id bigint,
    x double precision not null,
    y double precision not null,
    first_seen timestamptz not null default clock_timestamp(),
    unique nulls not distinct (family, layer, subject_id, main_id)
);
comment on table data.finding is
    'One row for a family, subject and main. Holds no place of a main: the point is the subject''s, '
    'the distance a band. There is no last_seen: touching every row of every screen doubles the table.';
create index finding_district on data.finding (district_id, id);
create index finding_main on data.finding (main_id) where main_id is not null;

create table data.finding_exact (
    finding_id bigint primary key references data.finding on delete cascade,
    pack text not null,
    rule text not null,
    row_id bigint not null,
    clause text not null,
    edition text not null,
    verified boolean not null,
    pressure_class text,
    counterpart_layer text,
    counterpart_id bigint,
    distance_m numeric,
    required_m numeric,
    margin_m numeric,
    accuracy_m numeric,
    missing text[] not null,
    assumed text[] not null,
    pressed_length_m numeric,
    pressed_area_m2 numeric,
    geom geometry(Geometry, {srid})
);
comment on table data.finding_exact is
    'The evidence: as secret as the main it is measured from, because a shortest line ends on it.';

-- What one screen has judged so far: filled and emptied inside its own transaction, so nobody
-- else ever sees a row. Not a temporary table: that needs a right on the database itself, which
-- no dump carries.
create unlogged table data.judged (
    family text not null,
    layer text not null,
    subject_id bigint not null,
    main_id bigint,
    severity text not null,
    certainty text not null,
    distance_band text,
    org_id bigint,
    district_id bigint,
    x double precision not null,
    y double precision not null,
    pack text not null,
    rule text not null,
    row_id bigint not null,
    clause text not null,
    edition text not null,
    verified boolean not null,
    pressure_class text,
    counterpart_layer text,
    counterpart_id bigint,
    distance_m numeric,
    required_m numeric,
    margin_m numeric,
    accuracy_m numeric,
    missing text[] not null,
    assumed text[] not null,
    pressed_length_m numeric,
    pressed_area_m2 numeric,
    geom geometry(Geometry, {srid})
);

-- Who sees which findings, said here alone. Those that have no main are open, but for a bureau,
-- which sees all those of its own districts and none of others'; of the others this shows grade
-- and band, and not the rule, whose name would tell a narrower band. A company sees those of its
-- own mains, a planner all.
create view api.finding as
    select f.id, f.family, f.layer, f.subject_id, f.main, f.severity, f.certainty,
           f.distance_band, f.district_id, f.x, f.y, f.first_seen,
           e.pack, e.rule, e.row_id, e.clause, e.edition, e.verified, e.counterpart_layer,
           e.counterpart_id, e.distance_m, e.required_m, e.margin_m, e.accuracy_m, e.missing,
           e.assumed, e.geom
    from data.finding f
    left join data.finding_exact e on e.finding_id = f.id and not f.main
    where case api.role()
              when 'planner' then true
              when 'supervisor' then api.my_district(f.district_id)
              when 'utility' then not f.main or api.my_org(f.org_id)
              when 'dispatcher' then not f.main
              else false end;

create view api.finding_exact as
    select e.finding_id, e.pack, e.rule, e.row_id, e.clause, e.edition, e.verified,
           e.pressure_class, e.counterpart_layer, e.counterpart_id, e.distance_m, e.required_m,
           e.margin_m, e.accuracy_m, e.missing, e.assumed, e.pressed_length_m, e.pressed_area_m2,
           e.geom
    from data.finding_exact e
    join data.finding f on f.id = e.finding_id
    where case api.role()
              when 'utility' then not f.main or api.my_org(f.org_id)
              when 'supervisor' then api.my_district(f.district_id)
                  and (not f.main or api.may_look())
              else false end;

-- Counts, for those who may see no row. A district is at no risk of telling a place.
create view api.finding_count as
    select district_id, family, severity, certainty, count(*) as n
    from data.finding group by 1, 2, 3, 4;

-- Counts in square cells (half-open, from (0, 0) of the working CRS). 500 m and multiples alone:
-- small cells, or the strips between grids of nearly the same size, draw a main.
create function api.finding_cell(size_m double precision)
    returns table ("column" bigint, "row" bigint, family text, severity text, certainty text, n bigint)
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as
$$
begin
    if size_m is null or size_m < 500 or size_m::numeric % 500 <> 0 then
        raise exception 'a cell is 500 m wide, or a multiple of that' using errcode = 'GW400';
    end if;
    return query
        select floor(f.x / size_m)::bigint, floor(f.y / size_m)::bigint, f.family, f.severity,
               f.certainty, count(*)
        from data.finding f group by 1, 2, 3, 4, 5;
end
$$;

---------------------------------------------------------------------------- asking for a screen
-- The full screen that will see what this transaction has written: the asker's own that waits
-- already, or a new one. Nobody's joins another's, which they could not watch and another
-- could cancel; imports share one, which nobody can cancel. Its row is held, so that the worker
-- cannot start it before the caller's rows are visible.
create function api.queue_screen() returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    job bigint;
begin
    -- two askers at once must not both find that none waits
    perform pg_advisory_xact_lock(hashtext('gridwarden screen'));
    select j.id into job from data.job j
        where j.kind = 'screen' and j.state = 'queued' and not j.cancel
          and (api.is_mine(j.role, j.person, j.org_ids)
               or j.role = 'gridwarden_import' and current_setting('role') = j.role)
        order by j.id limit 1 for update;
    return coalesce(job, api.queue_job('screen', null, 'screen'));
end
$$;

---------------------------------------------------------------------------- grants
revoke all on function data.cut_mains(), data.classify_pieces(), api.queue_screen(),
    api.finding_cell(double precision) from public;

grant select on data.main_piece to gridwarden_screen;
grant select, insert, update, delete on data.finding, data.finding_exact to gridwarden_screen;
grant select on api.finding to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher;
grant select on api.finding_exact to gridwarden_utility, gridwarden_supervisor;
grant select on api.finding_count to gridwarden_utility, gridwarden_supervisor,
    gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
grant select, insert, truncate on data.judged to gridwarden_screen;
grant execute on function api.finding_cell(double precision) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner;
grant execute on function api.queue_screen() to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_administrator,
    gridwarden_import;
