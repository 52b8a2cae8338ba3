-- Packs of rules as data, edition beside edition. Rows of a published version never change and
-- never go: findings and permit answers keep pointing at the row that they were judged by.

drop trigger c_classify_pieces on data.rule_pack;
drop function data.classify_pieces(), data.permit_rows(text);
drop view api.rule_row, api.rule_class, api.rule_pack;
drop function api.publish_rules(jsonb, text);
drop function data.main_class(text, double precision) cascade;
drop table data.rule_row, data.rule_outer_diameter, data.rule_class, data.rule_pack cascade;

create table data.rule_pack (
    id text not null,
    version text not null,
    level text not null check (level in ('nation', 'province', 'city', 'project')),
    base boolean not null,
    extends text,
    title jsonb not null,
    jurisdiction text not null,
    valid_from date not null,
    missing_od_mm double precision,
    point_radius_m double precision,
    class_system text,
    state text,
    profiles jsonb not null default '[]',
    normal jsonb not null,
    document jsonb not null,
    published_at timestamptz not null default clock_timestamp(),
    withdrawn_at timestamptz,
    in_force boolean not null default false,
    form text not null generated always as
        (case when normal = '{}' then 'earlier' else 'now' end) stored,
    primary key (id, version),
    check (base = (extends is null))
);
comment on table data.rule_pack is
    'Every version that was ever published. Of a pack the one published last is in force, from its '
    'first day on. The base pack says what classes and outer diameters are; others add to it. '
    '`normal` is what the rows were written from, `document` the TOML as read, file by file. One of '
    'an earlier form has its document alone, and is never in force again.';
comment on column data.finding_exact.row_id is
    'Null: judged by rules of an earlier form, and not yet again.';
create unique index rule_pack_in_force on data.rule_pack (id) where in_force;
create unique index rule_pack_one_base on data.rule_pack (base) where base and in_force;

-- over_mpa < p <= upto_mpa; with closed_below its lower end belongs to it and not to the weaker
-- class (GB 50028: MB is 0.01 <= p <= 0.2). Numeric: 0.1 bar is
-- exactly 0.01 MPa here, whatever it was read from.
create table data.rule_class (
    pack text not null,
    version text not null,
    system text not null,
    class text not null,
    over_mpa numeric not null,
    upto_mpa numeric not null,
    closed_below boolean not null default false,
    rank integer not null,
    title jsonb not null,
    primary key (pack, version, system, class),
    foreign key (pack, version) references data.rule_pack,
    check (over_mpa < upto_mpa)
);

create table data.rule_outer_diameter (
    pack text not null,
    version text not null,
    material text not null,
    dn numeric not null,
    od_mm double precision not null check (od_mm > 0),
    primary key (pack, version, material, dn),
    foreign key (pack, version) references data.rule_pack
);

create table data.rule_figure (
    pack text not null,
    version text not null,
    id text not null,
    unit text,
    value numeric,
    title jsonb,
    source text,
    certainty text,
    primary key (pack, version, id),
    foreign key (pack, version) references data.rule_pack
);
comment on table data.rule_figure is
    'Numbers that a city sets. Without a value in any pack in force, rules that use it judge nobody.';

create table data.rule (
    id bigint generated always as identity primary key,
    pack text not null,
    version text not null,
    rule text not null,
    family text not null,
    kind text not null check (kind in ('protection', 'clearance', 'control', 'activity',
        'consequence', 'absence', 'attribute')),
    subjects text[] not null,
    counterpart text,
    classes text,
    measured_from text not null default 'outer_edge',
    measured_to text not null default 'edge',
    plane text not null default 'horizontal',
    test jsonb not null default '{}',
    strength integer not null,
    clause text not null,
    edition text not null,
    valid_from date,
    valid_to date,
    verified boolean not null,
    certainty text not null,
    source text not null,
    text jsonb not null,
    measures jsonb not null,
    heuristic jsonb,
    replaces text[] not null default '{}',
    relaxations jsonb not null default '[]',
    in_force boolean not null default false,
    unique (pack, version, rule),
    foreign key (pack, version) references data.rule_pack
);
comment on column data.rule.test is
    'Conditions on subject (where) and counterpart that is no main, and what consequences count.';

create table data.rule_row (
    id bigint generated always as identity primary key,
    rule_id bigint not null references data.rule,
    row_no integer not null,
    pressure_class text,
    method text,
    dn_over double precision,
    dn_upto double precision,
    wall_min_mm double precision,
    wall_under_mm double precision,
    area_classes text[],
    materials text[],
    networks text[],
    depth_over_m numeric,
    depth_upto_m numeric,
    limit_m numeric,
    figure text,
    points jsonb,
    formula text check (formula in ('pir')),
    per_depth numeric,
    over_m numeric,
    severity text not null check (severity in ('general', 'serious', 'major')),
    verdict text check (verdict in ('prohibited', 'protection_plan', 'notify')),
    note jsonb,
    unique (rule_id, row_no)
);
comment on table data.rule_row is 'A line of a rule''s table, for one class and method; null holds for all.';

---------------------------------------------------------------------------- numbers
create function data.level_rank(level text) returns integer language sql immutable parallel safe as
$$ select array_position(array['nation', 'province', 'city', 'project'], level) $$;

create function data.severity_rank(severity text) returns integer language sql immutable parallel safe as
$$ select array_position(array['general', 'serious', 'major'], severity) $$;

-- What a figure is here: the deepest pack in force that gives it a value; null where none does.
create function data.figure(id text) returns numeric
    language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$
    select f.value from data.rule_figure f
    join data.rule_pack p on p.id = f.pack and p.version = f.version and p.in_force
    where f.id = figure.id and f.value is not null
    order by data.level_rank(p.level) desc, p.published_at desc limit 1
$$;

-- The class of a main in one system of classes: as stated where the system has it, else by its
-- pressure (MPa), else null: unknown.
create function data.class_in(system text, stated text, p_mop_mpa double precision) returns text
    language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$
    select c.class from data.rule_class c
    join data.rule_pack p on p.id = c.pack and p.version = c.version and p.in_force
    where c.system = class_in.system
      and (c.class = stated
           or case when c.closed_below then round(p_mop_mpa::numeric, 6) >= c.over_mpa
                   else round(p_mop_mpa::numeric, 6) > c.over_mpa end
              and round(p_mop_mpa::numeric, 6) <= (
                  select max(o.upto_mpa) from data.rule_class o
                  where o.pack = c.pack and o.version = c.version and o.system = c.system))
    order by c.class is not distinct from stated desc, c.rank desc limit 1
$$;

-- The system that answers name classes by.
create function data.shown_classes() returns text
    language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$ select p.class_system from data.rule_pack p where p.base and p.in_force $$;

create function data.main_class(pressure_class text, p_mop_mpa double precision) returns text
    language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$ select coalesce(data.class_in(data.shown_classes(), pressure_class, p_mop_mpa), 'unknown') $$;

-- Outer diameter in mm: as stated, by the table of its material, the nominal one, or null.
create or replace function data.outer_diameter(material text, dn double precision, od_mm double precision)
    returns double precision
    language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$
    select coalesce(
        nullif(outer_diameter.od_mm, 0),
        (select d.od_mm from data.rule_outer_diameter d
         join data.rule_pack p on p.id = d.pack and p.version = d.version and p.in_force
         where d.material = lower(outer_diameter.material)
           and d.dn = outer_diameter.dn::numeric
         order by data.level_rank(p.level) desc, p.base limit 1),
        nullif(outer_diameter.dn, 0))
$$;

create or replace function data.missing_outer_diameter() returns double precision
    language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$ select coalesce((select p.missing_od_mm from data.rule_pack p where p.base and p.in_force), 1016.0) $$;

create or replace function data.point_radius() returns double precision
    language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$ select coalesce((select p.point_radius_m from data.rule_pack p where p.base and p.in_force), 0.0) $$;

---------------------------------------------------------------------------- publishing
-- Who is in force on a day: of each pack the version published last of those whose day has come
-- and that were not withdrawn; of its rules those valid on the day that no deeper pack in force
-- replaces. Then mains are looked at again by them. Returns whether anything changed.
create function data.turn_rules(day date default current_date) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    turned bigint := 0;
    n bigint;
    due constant text[] := array(
        select v.id || '@' || v.version
        from (select distinct on (p.id) p.id, p.version from data.rule_pack p
              where p.withdrawn_at is null and p.valid_from <= day
              order by p.id, p.published_at desc) v);
begin
    if (select count(*) from data.rule_pack p where p.base and p.id || '@' || p.version = any (due)) > 1 then
        raise exception 'another base pack is in force' using errcode = 'GW409';
    end if;
    update data.rule_pack p set in_force = false
        where p.in_force and p.id || '@' || p.version <> all (due);
    get diagnostics turned = row_count;
    update data.rule_pack p set in_force = true
        where not p.in_force and p.id || '@' || p.version = any (due);
    get diagnostics n = row_count;
    turned := turned + n;
    update data.rule r set in_force = f.now
    from data.rule q
    join data.rule_pack p on p.id = q.pack and p.version = q.version
    cross join lateral (select p.in_force
        and coalesce(q.valid_from <= day, true) and coalesce(q.valid_to > day, true)
        and not exists (
            select from data.rule o
            join data.rule_pack d on d.id = o.pack and d.version = o.version and d.in_force
            where q.rule = any (o.replaces)
              and coalesce(o.valid_from <= day, true) and coalesce(o.valid_to > day, true)
              and data.level_rank(d.level) > data.level_rank(p.level)) as now) f
    where q.id = r.id and r.in_force <> f.now;
    get diagnostics n = row_count;
    turned := turned + n;
    if turned > 0 then
        perform data.look_again_at_mains();
    end if;
    return turned > 0;
end
$$;

-- `normal` is the checked pack as rows (made by gridwarden.rules.publishing). Puts it in force
-- where its day has come; returns false when it is what is in force already.
create function api.publish_rules(normal jsonb, document jsonb) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    head constant jsonb := normal -> 'pack';
    pack_id constant text := head ->> 'id';
    pack_version constant text := head ->> 'version';
    known constant jsonb := (select p.normal from data.rule_pack p
                             where p.id = pack_id and p.version = pack_version);
begin
    perform pg_advisory_xact_lock(hashtext('gridwarden rules'));
    if known is not null and known <> publish_rules.normal then
        raise exception 'this version was published with other rules; raise the version'
            using errcode = 'GW409';
    end if;
    if exists (select from data.rule_pack p where p.id = pack_id and p.version = pack_version
               and p.withdrawn_at is null
               and p.published_at = (select max(o.published_at) from data.rule_pack o where o.id = pack_id)) then
        return false;
    end if;
    if head ->> 'extends' is not null and not exists (
           select from data.rule_pack p where p.id = head ->> 'extends' and p.in_force) then
        raise exception 'the pack that it extends is not in force' using errcode = 'GW409';
    end if;
    if known is not null then
        update data.rule_pack p set published_at = clock_timestamp(), withdrawn_at = null
            where p.id = pack_id and p.version = pack_version;
    else
        perform data.write_pack(normal, document);
    end if;
    perform data.turn_rules();
    perform api.record('publish', 'rules',
        jsonb_build_object('pack', pack_id, 'version', pack_version),
        jsonb_array_length(normal -> 'rules'));
    return true;
end
$$;

create function data.write_pack(normal jsonb, document jsonb) returns void
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    head constant jsonb := normal -> 'pack';
    pack_id constant text := head ->> 'id';
    pack_version constant text := head ->> 'version';
begin
    -- Templates of statements have place-holders in double braces; no pack may bring one.
    if position('{{' in normal::text) > 0 then
        raise exception 'a pack holds no double braces' using errcode = 'GW400';
    end if;
    if exists (
        select from jsonb_array_elements(normal -> 'rules') r(v)
        cross join lateral (select jsonb_array_elements_text(r.v -> 'subjects') union all
            select r.v ->> 'counterpart' union all select r.v #>> '{test,location,layer}') named(layer)
        where named.layer is not null and named.layer not in (select l.id from data.layer l)) then
        raise exception 'a rule names a layer that is not there' using errcode = 'GW400';
    end if;
    insert into data.rule_pack (id, version, level, base, extends, title, jurisdiction, valid_from,
            missing_od_mm, point_radius_m, class_system, state, profiles, normal, document)
        select pack_id, pack_version, h.level, h.extends is null, h.extends, h.title, h.jurisdiction,
               h.valid_from, h.missing_od_mm, h.point_radius_m, h.class_system, h.state, h.profiles,
               write_pack.normal, write_pack.document
        from jsonb_to_record(head) as h(level text, extends text, title jsonb, jurisdiction text,
            valid_from date, missing_od_mm double precision, point_radius_m double precision,
            class_system text, state text, profiles jsonb);
    insert into data.rule_class (pack, version, system, class, over_mpa, upto_mpa, closed_below, rank, title)
        select pack_id, pack_version, c.system, c.class, c.over_mpa, c.upto_mpa, c.closed_below,
               c.rank, c.title
        from jsonb_to_recordset(normal -> 'classes') as c(system text, class text, over_mpa numeric,
            upto_mpa numeric, closed_below boolean, rank integer, title jsonb);
    insert into data.rule_outer_diameter (pack, version, material, dn, od_mm)
        select pack_id, pack_version, d.material, d.dn, d.od_mm
        from jsonb_to_recordset(normal -> 'outer_diameters')
            as d(material text, dn numeric, od_mm double precision);
    insert into data.rule_figure (pack, version, id, unit, value, title, source, certainty)
        select pack_id, pack_version, f.id, f.unit, f.value, f.title, f.source, f.certainty
        from jsonb_to_recordset(normal -> 'figures') as f(id text, unit text, value numeric,
            title jsonb, source text, certainty text);
    insert into data.rule (pack, version, rule, family, kind, subjects, counterpart, classes,
            measured_from, measured_to, plane, test, strength, clause, edition, valid_from, valid_to,
            verified, certainty, source, text, measures, heuristic, replaces, relaxations)
        select pack_id, pack_version, r.rule, r.family, r.kind, r.subjects, r.counterpart, r.classes,
               coalesce(r.measured_from, 'outer_edge'), coalesce(r.measured_to, 'edge'),
               coalesce(r.plane, 'horizontal'), jsonb_strip_nulls(r.test), r.strength,
               r.clause, r.edition, r.valid_from, r.valid_to, r.verified, r.certainty, r.source,
               r.text, r.measures, nullif(r.heuristic, 'null'), r.replaces, r.relaxations
        from jsonb_to_recordset(normal -> 'rules') as r(rule text, family text, kind text,
            subjects text[], counterpart text, classes text, measured_from text, measured_to text,
            plane text, test jsonb, strength integer, clause text, edition text, valid_from date,
            valid_to date, verified boolean, certainty text, source text, text jsonb,
            measures jsonb, heuristic jsonb, replaces text[], relaxations jsonb);
    insert into data.rule_row (rule_id, row_no, pressure_class, method, dn_over, dn_upto, wall_min_mm,
            wall_under_mm, area_classes, materials, networks, depth_over_m, depth_upto_m, limit_m,
            figure, points, formula, per_depth, over_m, severity, verdict, note)
        select r.id, w.row_no, w.pressure_class, w.method, w.dn_over, w.dn_upto, w.wall_min_mm,
               w.wall_under_mm, w.area_classes, w.materials, w.networks, w.depth_over_m,
               w.depth_upto_m, w.limit_m, w.figure, nullif(w.points, 'null'), w.formula, w.per_depth, w.over_m,
               w.severity, w.verdict, nullif(w.note, 'null')
        from jsonb_array_elements(normal -> 'rules') as n
        join data.rule r on r.pack = pack_id and r.version = pack_version and r.rule = n ->> 'rule'
        cross join jsonb_to_recordset(n -> 'rows') as w(row_no integer, pressure_class text,
            method text, dn_over double precision, dn_upto double precision,
            wall_min_mm double precision, wall_under_mm double precision, area_classes text[],
            materials text[], networks text[], depth_over_m numeric, depth_upto_m numeric,
            limit_m numeric, figure text, points jsonb, formula text, per_depth numeric,
            over_m numeric, severity text, verdict text, note jsonb);
end
$$;
