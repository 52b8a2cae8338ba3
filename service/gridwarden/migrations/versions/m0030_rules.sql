-- A pack of rules as rows, so that screening, permit checks and explanations join the same numbers.

create table data.rule_pack (
    id text primary key,
    version text not null,
    base boolean not null,
    title jsonb not null,
    missing_od_mm double precision,
    point_radius_m double precision,
    normal jsonb not null,
    document text not null,
    published_at timestamptz not null default clock_timestamp()
);
comment on table data.rule_pack is
    'Packs in force. The base pack says what the pressure classes and outer diameters are; others '
    'only add rules. `normal` is what was written to the rows, `document` the TOML as read.';
create unique index rule_pack_one_base on data.rule_pack (base) where base;

-- over_mpa < p <= upto_mpa. Numeric: 0.1 bar is exactly 0.01 MPa here, whatever it was read from.
create table data.rule_class (
    pack text not null references data.rule_pack on delete cascade,
    class text not null,
    over_mpa numeric not null,
    upto_mpa numeric not null,
    rank integer not null,
    title jsonb not null,
    primary key (pack, class),
    check (over_mpa < upto_mpa)
);

create table data.rule_outer_diameter (
    pack text not null references data.rule_pack on delete cascade,
    material text not null,
    dn numeric not null,
    od_mm double precision not null check (od_mm > 0),
    primary key (pack, material, dn)
);

create table data.rule_row (
    id bigint generated always as identity primary key,
    pack text not null references data.rule_pack on delete cascade,
    rule text not null,
    row_no integer not null,
    family text not null,
    kind text not null check (kind in
        ('on', 'protection', 'clearance', 'control', 'activity', 'absence', 'attribute')),
    subject_layer text,
    pressure_class text,
    method text,
    limit_m double precision not null,
    severity text check (severity in ('general', 'serious', 'major')),
    verdict text check (verdict in ('prohibited', 'protection_plan', 'notify')),
    strength integer not null,
    clause text not null,
    edition text not null,
    verified boolean not null,
    certainty text not null,
    source text not null,
    text jsonb not null,
    measures jsonb not null,
    test jsonb not null default '{}',
    unique nulls not distinct (pack, rule, subject_layer, pressure_class, method)
);
comment on column data.rule_row.pressure_class is
    'Class of the main; ''unknown'' holds the rule''s largest limit and strongest severity; '
    'null where a rule has no main.';
comment on column data.rule_row.test is
    'Own keys of attribute rules (columns, estimates) and absence rules (counterpart).';
create index rule_row_kind on data.rule_row (family, subject_layer, kind);

---------------------------------------------------------------------------- what judges
-- Gap and accuracy in metres, rounded to 0.1 mm before they are judged. `closed`: the end of the
-- band belongs to it (gap <= limit); open is for a clearance that is required (gap < limit).
create function data.judge(gap numeric, accuracy numeric, "limit" numeric, closed boolean)
    returns text language sql immutable parallel safe as
$$
    select case
        when closed and round(gap, 4) + round(accuracy, 4) <= "limit"
          or not closed and round(gap, 4) + round(accuracy, 4) < "limit" then 'certain'
        when closed and round(gap, 4) - round(accuracy, 4) <= "limit"
          or not closed and round(gap, 4) - round(accuracy, 4) < "limit" then 'possible'
    end
$$;

-- Whether a main runs so deep through a surface that an error of its position cannot bring it out:
-- a point of its centreline lies at least `depth_m` (accuracy - half diameter - limit) inside. The
-- gap of a crossing main is -OD/2 however deep it lies, so the gap alone cannot tell.
create function data.runs_through(surface geometry, main geometry, depth_m double precision)
    returns boolean language sql immutable parallel safe as
$$
    select st_dimension(surface) = 2
       and st_intersects(main, st_buffer(surface, -greatest(depth_m, 0), 'quad_segs=16'))
$$;

-- Which kinds hold their own end (the pack's header says why).
create function data.closed(kind text) returns boolean
    language sql immutable parallel safe as
$$ select kind <> 'clearance' $$;

-- Two positions together, each a 95 % radius in metres; a missing one counts as 1 m.
create function data.joint_accuracy(a double precision, b double precision) returns numeric
    language sql immutable parallel safe as
$$ select round(sqrt(power(coalesce(a, 1.0), 2) + power(coalesce(b, 1.0), 2))::numeric, 4) $$;

-- Bands are all that is told of a distance to a main that one may not see.
create function data.distance_band(gap numeric) returns text
    language sql immutable parallel safe as
$$
    select case when gap <= 5 then '0-5' when gap <= 15 then '5-15'
                when gap <= 50 then '15-50' else '50+' end
$$;

-- A stated class wins over the pressure; neither gives 'unknown', never null.
create function data.main_class(pressure_class text, p_mop_mpa double precision) returns text
    language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$
    select coalesce(
        (select c.class from data.rule_class c where c.class = main_class.pressure_class limit 1),
        (select c.class from data.rule_class c
         where round(p_mop_mpa::numeric, 6) > c.over_mpa
           and round(p_mop_mpa::numeric, 6) <= c.upto_mpa
         order by c.rank limit 1),
        'unknown')
$$;

-- Outer diameter in mm: as stated, by the table of its material, the nominal one, or null.
create function data.outer_diameter(material text, dn double precision, od_mm double precision)
    returns double precision
    language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$
    select coalesce(
        nullif(outer_diameter.od_mm, 0),
        (select d.od_mm from data.rule_outer_diameter d
         where d.material = lower(outer_diameter.material)
           and d.dn = outer_diameter.dn::numeric limit 1),
        nullif(outer_diameter.dn, 0))
$$;

-- What a main of unknown diameter counts with, and the radius (m) assumed for a point: nought while
-- no base pack is in force, when nothing is judged and every permit answer says so.
create function data.missing_outer_diameter() returns double precision
    language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$ select coalesce((select p.missing_od_mm from data.rule_pack p where p.base), 1016.0) $$;

create function data.point_radius() returns double precision
    language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$ select coalesce((select p.point_radius_m from data.rule_pack p where p.base), 0.0) $$;

---------------------------------------------------------------------------- publishing
-- `normal` is the checked pack as rows (made by gridwarden.rules.publishing); the same again
-- changes nothing. Rows keep their ids where their place in the pack stays. Returns true when
-- anything changed.
create function api.publish_rules(normal jsonb, document text) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    pack_id constant text := normal #>> '{pack,id}';
begin
    perform pg_advisory_xact_lock(hashtext('gridwarden rules'));
    if exists (select from data.rule_pack p where p.id = pack_id and p.normal = publish_rules.normal) then
        return false;
    end if;
    if (normal #>> '{pack,base}')::boolean
       and exists (select from data.rule_pack p where p.base and p.id <> pack_id) then
        raise exception 'another base pack is in force' using errcode = 'GW409';
    end if;

    insert into data.rule_pack (id, version, base, title, missing_od_mm, point_radius_m, normal, document)
    select pack_id, normal #>> '{pack,version}', (normal #>> '{pack,base}')::boolean,
           normal #> '{pack,title}', (normal #>> '{pack,missing_od_mm}')::double precision,
           (normal #>> '{pack,point_radius_m}')::double precision, publish_rules.normal,
           publish_rules.document
    on conflict (id) do update set version = excluded.version, base = excluded.base,
        title = excluded.title, missing_od_mm = excluded.missing_od_mm,
        point_radius_m = excluded.point_radius_m, normal = excluded.normal,
        document = excluded.document;

    delete from data.rule_class where pack = pack_id;
    insert into data.rule_class (pack, class, over_mpa, upto_mpa, rank, title)
        select pack_id, c.class, c.over_mpa, c.upto_mpa, c.rank, c.title
        from jsonb_to_recordset(normal -> 'classes')
            as c(class text, over_mpa numeric, upto_mpa numeric, rank integer, title jsonb);
    delete from data.rule_outer_diameter where pack = pack_id;
    insert into data.rule_outer_diameter (pack, material, dn, od_mm)
        select pack_id, d.material, d.dn, d.od_mm
        from jsonb_to_recordset(normal -> 'outer_diameters')
            as d(material text, dn numeric, od_mm double precision);

    delete from data.rule_row o
    where o.pack = pack_id and not exists (
        select from jsonb_to_recordset(normal -> 'rows')
            as n(rule text, subject_layer text, pressure_class text, method text)
        where (n.rule, n.subject_layer, n.pressure_class, n.method)
            is not distinct from (o.rule, o.subject_layer, o.pressure_class, o.method));
    insert into data.rule_row (pack, rule, row_no, family, kind, subject_layer, pressure_class,
            method, limit_m, severity, verdict, strength, clause, edition, verified, certainty,
            source, text, measures, test)
        select pack_id, n.rule, n.row_no, n.family, n.kind, n.subject_layer, n.pressure_class,
            n.method, n.limit_m, n.severity, n.verdict, n.strength, n.clause, n.edition,
            n.verified, n.certainty, n.source, n.text, n.measures, n.test
        from jsonb_to_recordset(normal -> 'rows') as n(rule text, row_no integer, family text,
            kind text, subject_layer text, pressure_class text, method text,
            limit_m double precision, severity text, verdict text, strength integer, clause text,
            edition text, verified boolean, certainty text, source text, text jsonb,
            measures jsonb, test jsonb)
    on conflict (pack, rule, subject_layer, pressure_class, method) do update set
        row_no = excluded.row_no, family = excluded.family, kind = excluded.kind,
        limit_m = excluded.limit_m, severity = excluded.severity, verdict = excluded.verdict,
        strength = excluded.strength, clause = excluded.clause, edition = excluded.edition,
        verified = excluded.verified, certainty = excluded.certainty, source = excluded.source,
        text = excluded.text, measures = excluded.measures, test = excluded.test;

    -- Last, because what follows from a published pack (mains by class) waits for this column.
    update data.rule_pack set published_at = clock_timestamp() where id = pack_id;
    perform api.record('publish', 'rules', jsonb_build_object('pack', pack_id,
        'version', normal #>> '{pack,version}'), jsonb_array_length(normal -> 'rows'));
    return true;
end
$$;

---------------------------------------------------------------------------- reading
create view api.rule_pack as
    select id, version, base, title, published_at from data.rule_pack;
create view api.rule_class as
    select pack, class, over_mpa, upto_mpa, rank, title from data.rule_class;
create view api.rule_row as
    select id, pack, rule, row_no, family, kind, subject_layer, pressure_class, method, limit_m,
           severity, verdict, strength, clause, edition, verified, certainty, source, text,
           measures, test
    from data.rule_row;

---------------------------------------------------------------------------- grants
revoke all on function data.judge(numeric, numeric, numeric, boolean), data.closed(text),
    data.runs_through(geometry, geometry, double precision),
    data.joint_accuracy(double precision, double precision), data.distance_band(numeric),
    data.main_class(text, double precision),
    data.outer_diameter(text, double precision, double precision),
    data.missing_outer_diameter(), data.point_radius(), api.publish_rules(jsonb, text) from public;
grant execute on function api.publish_rules(jsonb, text) to gridwarden_administrator;
grant execute on function data.judge(numeric, numeric, numeric, boolean), data.closed(text),
    data.runs_through(geometry, geometry, double precision),
    data.joint_accuracy(double precision, double precision), data.distance_band(numeric),
    data.main_class(text, double precision),
    data.outer_diameter(text, double precision, double precision),
    data.missing_outer_diameter(), data.point_radius() to gridwarden_screen;
grant select on data.rule_pack, data.rule_class, data.rule_outer_diameter, data.rule_row
    to gridwarden_screen;
grant select on api.rule_pack, api.rule_class, api.rule_row to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_auditor;
