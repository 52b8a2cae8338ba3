-- A main as the rules see it is a handful of columns: class, pressure, diameter, material, wall,
-- network, area class. Mains that agree in all of them share a profile, and what every rule in
-- force asks of a profile is worked out once, not for each main and each neighbour.

-- Metres on the ground: the geodesic length of the shortest line in the plane. A projection's plane
-- stretches (0.3 mm a metre at the edge of a 3° zone, more beyond it) and the ground does not, so
-- neighbouring zones give the same number. No height: 1,000 m above the ellipsoid add 0.16 mm a metre.
create function data.ground_m(a geometry, b geometry) returns double precision
    language sql immutable parallel safe as
$$ select st_length(st_transform(st_shortestline(a, b), 4326)::geography) $$;

-- How far to look in the plane so that nothing within so many metres on the ground is missed: a
-- working CRS stretches by no more than 4 % in its area of use (gridwarden.geodesy.working).
create function data.plane_m(ground_m double precision) returns double precision
    language sql immutable parallel safe as
$$ select ground_m * 1.04 + 0.02 $$;

create function data.ground_length_m(line geometry) returns double precision
    language sql immutable parallel safe as
$$ select st_length(st_transform(line, 4326)::geography) $$;

create table data.main_profile (
    id bigint generated always as identity primary key,
    key text not null unique,
    pressure_class text,
    p_mop_mpa double precision,
    material text,
    dn double precision,
    od_mm double precision,
    wall_mm double precision,
    network text,
    area_class text,
    class text not null,
    edge_m double precision not null,
    missing text[] not null
);
comment on table data.main_profile is
    'The distinct ways in which mains look to rules. `class` is in the system that answers use, '
    '`edge_m` half the outer diameter, `missing` what was not on record to know them.';

create table data.main_rule (
    profile_id bigint not null references data.main_profile,
    rule_id bigint not null references data.rule,
    row_id bigint not null references data.rule_row,
    family text not null,
    kind text not null,
    pressure_class text not null,
    method text,
    depth_over_m numeric,
    depth_upto_m numeric,
    limit_m numeric not null,
    per_depth numeric,
    over_m numeric,
    severity text not null,
    verdict text,
    capped boolean not null,
    missing text[] not null,
    told jsonb not null
);
comment on table data.main_rule is
    'What each rule in force asks of each profile: the row that fits, its limit interpolated. Where '
    'the record does not tell which row fits, the largest limit and strongest severity of those '
    'that might, `capped` at possible, with the missing columns named.';
create index main_rule_profile on data.main_rule (profile_id, rule_id);

---------------------------------------------------------------------------- how a main looks
create function data.profile_of(m data.gas_pipelines) returns data.main_profile
    language sql stable parallel safe as
$$
    select row(null::bigint,
        jsonb_build_array(m.pressure_class, round(m.p_mop_mpa::numeric, 6), m.material, m.dn, m.od_mm,
            m.wall_mm, m.network, m.area_class)::text,
        m.pressure_class, round(m.p_mop_mpa::numeric, 6)::double precision, m.material, m.dn,
        m.od_mm, m.wall_mm, m.network, m.area_class,
        data.main_class(m.pressure_class, m.p_mop_mpa),
        coalesce(data.outer_diameter(m.material, m.dn, m.od_mm), data.missing_outer_diameter()) / 2000.0,
        array_remove(array[
            case when data.main_class(m.pressure_class, m.p_mop_mpa) = 'unknown' then 'pressure_class' end,
            case when data.outer_diameter(m.material, m.dn, m.od_mm) is null then 'dn' end], null)
        )::data.main_profile
$$;

-- PIR, 49 CFR 192.903: r[ft] = 0.69 √(p[psig] d²[in]); in metres, MPa and mm.
create function data.potential_impact_radius_m(p_mpa numeric, d_mm numeric) returns numeric
    language sql immutable parallel safe as
$$ select (0.69 * 0.3048 / 25.4 * sqrt(p_mpa / 0.006894757293168) * d_mm)::numeric $$;

-- Linear between the points [[p_mpa, m], …] in rising order; before the first and after the last, theirs.
create function data.interpolated(points jsonb, p_mpa numeric) returns numeric
    language sql immutable parallel safe as
$$
    select case when p_mpa is not null then coalesce(
        (select case when p_mpa <= a.p then a.m
                     else a.m + (p_mpa - a.p) / (a.next_p - a.p) * (a.next_m - a.m) end
         from (select (t.v ->> 0)::numeric as p, (t.v ->> 1)::numeric as m,
                      lead((t.v ->> 0)::numeric) over (order by n) as next_p,
                      lead((t.v ->> 1)::numeric) over (order by n) as next_m, n
               from jsonb_array_elements(points) with ordinality t(v, n)) a
         where p_mpa <= a.next_p order by n limit 1),
        (points -> -1 ->> 1)::numeric) end
$$;

-- What each rule in force asks of a main that looks so.
create function data.rules_for(p data.main_profile) returns setof data.main_rule
    language sql stable as
$$
    with system as materialized (
        select s.classes, data.class_in(s.classes, p.pressure_class, p.p_mop_mpa) as class,
               -- a stated class that the stated pressure is not of: either may be the wrong one
               nullif(data.class_in(s.classes, null, p.p_mop_mpa),
                      data.class_in(s.classes, p.pressure_class, p.p_mop_mpa)) as other_class
        from (select distinct coalesce(r.classes, data.shown_classes()) as classes
              from data.rule r where r.in_force and (r.counterpart = 'gas_pipelines' or r.test ? 'location')) s
    ), candidate as materialized (
        select r.family, r.kind, s.class, w.*, fits.*, asked.*
        from data.rule r
        join system s on s.classes = coalesce(r.classes, data.shown_classes())
        join data.rule_row w on w.rule_id = r.id
        cross join lateral (
            select case when s.other_class is not null and w.pressure_class in (s.class, s.other_class)
                        then null
                        else w.pressure_class is null or w.pressure_class = s.class end as class_fits,
                   (w.dn_over is null or p.dn > w.dn_over)
                       and (w.dn_upto is null or p.dn <= w.dn_upto) as dn_fits,
                   (w.wall_min_mm is null or p.wall_mm >= w.wall_min_mm)
                       and (w.wall_under_mm is null or p.wall_mm < w.wall_under_mm) as wall_fits,
                   w.area_classes is null or p.area_class = any (w.area_classes) as area_fits,
                   w.materials is null or p.material = any (w.materials) as material_fits,
                   -- a main that does not say is a city main
                   w.networks is null or coalesce(p.network, 'city') = any (w.networks) as network_fits
        ) fits
        cross join lateral (
            select case when w.points is not null
                        then round(coalesce(case when s.other_class is null
                                then data.interpolated(w.points, p.p_mop_mpa::numeric) end,
                            (select max((t.v ->> 1)::numeric) from jsonb_array_elements(w.points) t(v))), 4)
                        when w.formula = 'pir' then round(data.potential_impact_radius_m(
                            coalesce(p.p_mop_mpa::numeric, (select max(c.upto_mpa) from data.rule_class c
                                join data.rule_pack k on k.id = c.pack and k.version = c.version and k.in_force
                                where c.system = s.classes and c.class = coalesce(s.class, c.class)
                                  and c.upto_mpa < 100), 10),
                            coalesce(p.dn, p.od_mm, data.missing_outer_diameter())::numeric), 4)
                        when w.figure is not null then data.figure(w.figure)
                        when r.test ? 'location' then 0
                        else w.limit_m end as asked_m,
                   w.points is not null and s.other_class is not null
                   or (w.points is not null or w.formula is not null) and p.p_mop_mpa is null as no_pressure,
                   w.formula is not null and coalesce(p.dn, p.od_mm) is null as no_diameter
        ) asked
        where r.in_force and (r.counterpart = 'gas_pipelines' or r.test ? 'location')
          and coalesce(class_fits, true) and coalesce(dn_fits, true) and coalesce(wall_fits, true)
          and coalesce(area_fits, true) and coalesce(material_fits, true) and network_fits
          and asked.asked_m is not null
    ), sure as (
        select c.*, coalesce(class_fits and dn_fits and wall_fits and area_fits and material_fits,
                             false) as fits
        from candidate c
    ), left_over as (
        select s.*, bool_or(s.fits) over one as any_fits,
               max(data.severity_rank(s.severity)) over one_alike as severest
        from sure s
        window one as (partition by s.rule_id, s.method, s.depth_over_m, s.depth_upto_m),
               one_alike as (partition by s.rule_id, s.method, s.depth_over_m, s.depth_upto_m, s.fits)
    ), named as (
        select l.rule_id, l.method, l.depth_over_m, l.depth_upto_m,
               array_remove(array[
                   case when bool_or(l.class_fits is null) then 'pressure_class' end,
                   case when bool_or(l.no_pressure) then 'p_mop_mpa' end,
                   case when bool_or(l.dn_fits is null or l.no_diameter) then 'dn' end,
                   case when bool_or(l.wall_fits is null) then 'wall_mm' end,
                   case when bool_or(l.area_fits is null) then 'area_class' end,
                   case when bool_or(l.material_fits is null) then 'material' end], null) as missing
        from left_over l where l.fits = l.any_fits
        group by 1, 2, 3, 4
    )
    select distinct on (l.rule_id, l.method, l.depth_over_m, l.depth_upto_m)
           p.id, l.rule_id, l.id, l.family, l.kind, coalesce(l.class, 'unknown'), l.method,
           l.depth_over_m, l.depth_upto_m, l.asked_m, l.per_depth, l.over_m,
           (array['general', 'serious', 'major'])[l.severest], l.verdict,
           cardinality(n.missing) > 0, n.missing,
           jsonb_strip_nulls(jsonb_build_object(
               'p_mop_mpa', case when l.points is not null or l.formula is not null then p.p_mop_mpa end,
               'points', l.points, 'formula', l.formula,
               'd_mm', case when l.formula is not null then coalesce(p.dn, p.od_mm) end,
               'figure', l.figure))
    from left_over l
    join named n on n.rule_id = l.rule_id and n.method is not distinct from l.method
        and n.depth_over_m is not distinct from l.depth_over_m
        and n.depth_upto_m is not distinct from l.depth_upto_m
    where l.fits = l.any_fits
    order by l.rule_id, l.method, l.depth_over_m, l.depth_upto_m, l.asked_m desc,
             array_position(array['prohibited', 'protection_plan', 'notify'], l.verdict), l.row_no
$$;

---------------------------------------------------------------------------- pieces
alter table data.main_piece add profile_id bigint references data.main_profile;

-- Windows of 8 consecutive vertices, neighbours sharing one, after segmentizing to 60 m.
create function data.pieces_of(m data.gas_pipelines, p data.main_profile)
    returns setof data.main_piece language sql stable as
$$
    select m.id, (row_number() over (order by part.path, i))::integer, m.org_id, p.class, p.edge_m,
           m.accuracy_m, p.missing, st_setsrid(st_makeline(vertices.all[i : i + 7]), data.working_srid()),
           p.id
    from st_dump(m.geom) part
    cross join lateral (
        select array_agg(v.geom order by v.path[1]) as "all"
        from st_dumppoints(st_segmentize(st_force2d(part.geom), 60)) v) vertices
    cross join lateral generate_series(1, cardinality(vertices.all) - 1, 7) i
$$;

-- Profiles of these mains that are not there yet, with what the rules ask of them.
create function data.know_profiles(mains bigint[]) returns void
    language sql volatile as
$$
    -- No pack may turn between asking what it says of a new profile and writing that down.
    select pg_advisory_xact_lock_shared(hashtext('gridwarden rules'));
    with looks as (
        select distinct on (p.key) p.*
        from data.gas_pipelines m cross join lateral data.profile_of(m) p
        where m.id = any (mains) and m.status is distinct from 'planned'
        order by p.key
    ), fresh as (
        insert into data.main_profile (key, pressure_class, p_mop_mpa, material, dn, od_mm, wall_mm,
                network, area_class, class, edge_m, missing)
            select key, pressure_class, p_mop_mpa, material, dn, od_mm, wall_mm, network, area_class,
                   class, edge_m, missing from looks
        on conflict (key) do nothing
        returning main_profile.*)
    insert into data.main_rule
        select q.* from (select fresh::data.main_profile as f from fresh) l
        cross join lateral data.rules_for(l.f) q
$$;

create or replace function data.cut_mains() returns trigger
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
        where (n.pressure_class, n.p_mop_mpa, n.material, n.dn, n.od_mm, n.wall_mm, n.network,
               n.area_class, n.accuracy_m, n.org_id)
                is distinct from
              (o.pressure_class, o.p_mop_mpa, o.material, o.dn, o.od_mm, o.wall_mm, o.network,
               o.area_class, o.accuracy_m, o.org_id)
           or (n.status = 'planned') is distinct from (o.status = 'planned')
           or not st_orderingequals(n.geom, o.geom);
        delete from data.main_piece p where p.main_id = any (again);
    end if;
    perform data.know_profiles(again);
    insert into data.main_piece (main_id, no, org_id, pressure_class, edge_m, accuracy_m, missing, geom, profile_id)
        select c.*
        from data.gas_pipelines m
        cross join lateral data.profile_of(m) looks
        join data.main_profile p on p.key = looks.key
        cross join lateral data.pieces_of(m, p) c
        where m.id = any (again) and m.status is distinct from 'planned';
    return null;
end
$$;

-- After the rules have turned: what profiles are in them, what rules ask, what pieces carry.
create function data.look_again_at_mains() returns void
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
begin
    delete from data.main_rule;
    delete from data.main_profile p
        where not exists (select from data.main_piece c where c.profile_id = p.id);
    update data.main_profile p
    set class = l.class, edge_m = l.edge_m, missing = l.missing
    from (select q.id as profile_id, o.class, o.edge_m, o.missing
          from data.main_profile q cross join lateral data.profile_of(
              jsonb_populate_record(null::data.gas_pipelines, to_jsonb(q))) o) l
    where l.profile_id = p.id
      and (p.class, p.edge_m, p.missing) is distinct from (l.class, l.edge_m, l.missing);
    update data.main_piece c
    set pressure_class = p.class, edge_m = p.edge_m, missing = p.missing
    from data.main_profile p
    where p.id = c.profile_id
      and (c.pressure_class, c.edge_m, c.missing) is distinct from (p.class, p.edge_m, p.missing);
    insert into data.main_rule
        select q.* from data.main_profile p cross join lateral data.rules_for(p) q;
end
$$;

-- Mains that lie in this database already.
do $$
declare
    all_of_them constant bigint[] := array(select id from data.gas_pipelines);
begin
    perform data.know_profiles(all_of_them);
    delete from data.main_piece;
    insert into data.main_piece (main_id, no, org_id, pressure_class, edge_m, accuracy_m, missing, geom, profile_id)
        select c.* from data.gas_pipelines m cross join lateral data.profile_of(m) looks
        join data.main_profile p on p.key = looks.key
        cross join lateral data.pieces_of(m, p) c
        where m.status is distinct from 'planned';
end
$$;
alter table data.main_piece alter profile_id set not null;

revoke all on function data.ground_m(geometry, geometry), data.ground_length_m(geometry), data.plane_m(double precision),
    data.profile_of(data.gas_pipelines), data.potential_impact_radius_m(numeric, numeric),
    data.interpolated(jsonb, numeric), data.rules_for(data.main_profile),
    data.pieces_of(data.gas_pipelines, data.main_profile), data.know_profiles(bigint[]),
    data.look_again_at_mains() from public;
grant execute on function data.ground_m(geometry, geometry), data.ground_length_m(geometry),
    data.plane_m(double precision) to gridwarden_screen;
grant select on data.main_profile, data.main_rule to gridwarden_screen;
