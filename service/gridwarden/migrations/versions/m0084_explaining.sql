-- What an explanation of a finding needs of its main, for who may read the finding's evidence: the
-- view api.finding_exact says who that is, and here it is asked for the caller, not for the owner.

-- How the mains of a finding look to the rules, and where their outer diameter comes from.
create function api.finding_mains(finding_id bigint)
    returns table (side text, main_id bigint, class text, pressure_class text,
        p_mop_mpa double precision, material text, dn double precision, od_mm double precision,
        wall_mm double precision, network text, area_class text, edge_m double precision,
        od_from text, missing text[])
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select s.side, s.main_id, p.class, p.pressure_class, p.p_mop_mpa, p.material, p.dn, p.od_mm,
           p.wall_mm, p.network, p.area_class, p.edge_m,
           case when p.od_mm > 0 then 'stated'
                when exists (
                    select from data.rule_outer_diameter d
                    join data.rule_pack k on k.id = d.pack and k.version = d.version and k.in_force
                    where d.material = lower(p.material) and d.dn = p.dn::numeric) then 'table'
                when p.dn > 0 then 'nominal' else 'assumed' end,
           p.missing
    from api.finding_exact e
    join data.finding f on f.id = e.finding_id
    cross join lateral (values
        ('subject', case when f.layer = 'gas_pipelines' then f.subject_id end),
        ('counterpart', case when e.counterpart_layer = 'gas_pipelines' then e.counterpart_id end)
    ) s(side, main_id)
    join data.main_piece c on c.main_id = s.main_id and c.no = 1
    join data.main_profile p on p.id = c.profile_id
    where e.finding_id = finding_mains.finding_id
$$;

-- Whether a gap lies inside a band by its distance alone: certain, possible or no. An absence is
-- found beyond its limit.
create function data.inside(gap numeric, accuracy numeric, "limit" numeric, kind text) returns text
    language sql immutable as
$$
    select case when gap is not null and accuracy is not null then coalesce(
        case when kind = 'absence' then data.judge(-gap, accuracy, -"limit", false)
             else data.judge(gap, accuracy, "limit", data.closed(kind)) end, 'no') end
$$;

-- The same, metres on the ground and the order of levels, for who words what its caller may read.
create function api.inside(gap numeric, accuracy numeric, "limit" numeric, kind text) returns text
    language sql immutable security definer set search_path = pg_catalog, public, pg_temp as
$$ select data.inside(gap, accuracy, "limit", kind) $$;

create function api.ground_m(a geometry, b geometry) returns double precision
    language sql immutable security definer set search_path = pg_catalog, public, pg_temp as
$$ select data.ground_m(a, b) $$;

create function api.level_rank(level text) returns integer
    language sql immutable security definer set search_path = pg_catalog, public, pg_temp as
$$ select data.level_rank(level) $$;

-- What every rule in force, of every pack, asks of the pair of a finding `f`, and whether it lies
-- inside: one query as text, for a screen's finding and for a proposal's. `kind` as in
-- data.statements(), the relations as in data.statement(). Rules whose conditions the subject does
-- not meet are left out. `capped`: the records do not tell which row fits, or whether a condition is
-- met; `missing` names what they lack. A rule that measures to another part of the subject (a centre)
-- or in another plane gets no gap from this finding: `gap_m` and `inside` are null.
create function data.bands_sql(kind text, layer text, rule_ids bigint[], subjects text, pieces text,
    asked text) returns text
    language plpgsql stable as
$$
declare
    asking text;
    work constant text := case when data.has_column(layer, 'method') then 's.method' else 'null::text' end;
    depth constant text := case when data.has_column(layer, 'depth_m') then 's.depth_m::numeric'
                                else 'null::numeric' end;
    other constant text := (select r.counterpart from data.rule r where r.id = rule_ids[1]);
begin
    if kind in ('pairs', 'mains') then
        asking := format($q$
            select distinct on (q.rule_id, q.method, q.depth_over_m) q.rule_id, q.row_id, q.method,
                   greatest(q.limit_m, q.per_depth * %1$s) as limit_m, q.over_m, q.severity, q.verdict,
                   q.capped or fits.holds is null or q.method is not null and %2$s is null as capped,
                   q.missing || case when fits.holds is null then %4$s else '{}' end
                       || case when q.method is not null and %2$s is null then array['method']
                               else '{}' end as missing,
                   look.edge_m, look.unsure or s.accuracy_m is null as unsure
            from %5$s s
            cross join lateral (
                select array_agg(c.profile_id) as profiles, sum(c.edge_m)::numeric as edge_m,
                       bool_or(c.accuracy_m is null) as unsure
                from %6$s c where c.no = 1 and c.main_id in (f.main_id, %7$s)) look
            join %8$s q on q.profile_id = any (look.profiles) and q.rule_id = any (%9$L::bigint[])
            join data.rule r on r.id = q.rule_id
            cross join lateral (select %3$s as holds) fits
            where s.id = f.subject_id and fits.holds is distinct from false
              and (q.method is null or %2$s is null or q.method = %2$s)
              and (q.depth_over_m is null or %1$s is null or %1$s > q.depth_over_m)
              and (q.depth_upto_m is null or %1$s <= q.depth_upto_m)
            order by q.rule_id, q.method, q.depth_over_m, q.limit_m desc$q$,
            depth, work,
            case when kind = 'mains' then 'true' else data.by_rule_sql(rule_ids, 'where', 's', 'true') end,
            case when kind = 'mains' then '''{}''::text[]'
                 else data.by_rule_sql(rule_ids, 'missing', 's', '''{}''::text[]') end,
            subjects, pieces, case when kind = 'mains' then 'f.subject_id' else 'null' end, asked,
            rule_ids::text);
    else
        -- rules that know no main: those that ask the same question with numbers of their own
        asking := format($q$
            select r.id as rule_id, w.id as row_id, null::text as method, n.limit_m, w.over_m, w.severity,
                   null::text as verdict, false as capped, '{}'::text[] as missing, 0 as edge_m,
                   exists (select from %1$s s where s.id = f.subject_id and s.accuracy_m is null)
                       or %2$s as unsure
            from data.rule own
            join data.rule r on r.in_force and r.family = own.family and r.counterpart = own.counterpart
                and r.subjects && own.subjects and r.test = own.test
            join data.rule_row w on w.rule_id = r.id
            cross join lateral (select coalesce(w.limit_m, data.figure(w.figure)) as limit_m) n
            where own.pack = f.pack and own.version = f.pack_version and own.rule = f.rule
              and n.limit_m is not null$q$,
            subjects, case when other is null then 'false' else format(
                'exists (select from data.%I c where c.id = f.counterpart_id and c.accuracy_m is null)', other) end);
    end if;
    return format($q$
        select r.pack || '@' || r.version as pack, k.title as pack_title, k.level, r.rule, r.kind, r.clause,
               r.edition, r.verified, r.certainty, r.strength, r.text, a.method, a.limit_m, a.severity,
               a.verdict, a.missing, r.id = own.id as own, gap.m as gap_m,
               case when r.id = own.id and round(a.limit_m, 4) = round(f.required_m, 4) then f.certainty
                    when gap.m is null or f.accuracy_m is null then null
                    when gap.m <= a.over_m then 'no'
                    when a.capped or a.unsure then replace(alone.inside, 'certain', 'possible')
                    else alone.inside end as inside
        from (%s) a
        join data.rule r on r.id = a.rule_id
        join data.rule_pack k on k.id = r.pack and k.version = r.version
        join data.rule own on own.pack = f.pack and own.version = f.pack_version and own.rule = f.rule
        cross join lateral (select case
            when r.plane <> own.plane
              or r.measured_to <> own.measured_to and not array[r.measured_to, own.measured_to]
                 <@ array['foundation', 'outer_wall', 'edge'] then null
            when r.measured_from = own.measured_from then f.distance_m
            when own.measured_from = 'outer_edge' then f.distance_m + a.edge_m
            else f.distance_m - a.edge_m end as m) gap
        cross join lateral (select data.inside(gap.m, f.accuracy_m, a.limit_m, r.kind) as inside) alone
        order by data.level_rank(k.level), r.pack, r.strength desc, a.limit_m, r.rule$q$, asking);
end
$$;

-- The bands of a finding whose evidence the caller may read, nation first.
create function api.finding_bands(finding_id bigint) returns setof jsonb
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    own data.rule;
    found record;
    kind text;
    rules bigint[];
begin
    select f.id, f.family, f.layer, f.main_id, e.pack, e.pack_version, e.rule into found
        from data.finding f join data.finding_exact e on e.finding_id = f.id
        where f.id = finding_bands.finding_id
          and (exists (select from api.finding_exact x where x.finding_id = f.id)
               or not f.main and exists (select from api.finding x where x.id = f.id));
    select r.* into own from data.rule r
        where r.pack = found.pack and r.version = found.pack_version and r.rule = found.rule;
    if own.id is null then
        return;
    end if;
    kind := case when own.kind in ('absence', 'attribute') then own.kind
                 when own.test ? 'location' then 'location'
                 when found.main_id is null then 'neighbours'
                 when found.layer = 'gas_pipelines' then 'mains' else 'pairs' end;
    rules := case when kind in ('pairs', 'mains') then array(
                 select r.id from data.rule r
                 where r.in_force and r.family = found.family and found.layer = any (r.subjects)
                   and r.counterpart = 'gas_pipelines' and not r.test ? 'location'
                   and r.kind not in ('absence', 'attribute'))
             else array[own.id] end;
    return query execute format($q$
        select to_jsonb(b)
        from (select f.subject_id, f.main_id, f.certainty, e.pack, e.pack_version, e.rule, e.counterpart_id,
                     e.distance_m, e.required_m, e.accuracy_m
              from data.finding f join data.finding_exact e on e.finding_id = f.id where f.id = $1) f
        cross join lateral (%s) b$q$, data.bands_sql(kind, found.layer, rules,
            format('data.%I', found.layer), 'data.main_piece', 'data.main_rule'))
        using found.id;
end
$$;

revoke all on function api.finding_mains(bigint), api.finding_bands(bigint), api.ground_m(geometry, geometry),
    api.level_rank(text), api.inside(numeric, numeric, numeric, text), data.inside(numeric, numeric, numeric, text),
    data.bands_sql(text, text, bigint[], text, text, text) from public;
grant execute on function api.finding_mains(bigint) to gridwarden_utility, gridwarden_supervisor;
grant execute on function api.finding_bands(bigint), api.ground_m(geometry, geometry),
    api.inside(numeric, numeric, numeric, text) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher;
grant execute on function api.level_rank(text) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_auditor;
