-- The age at a place costs a check little: where one survey that is kept up holds all of the ground, it
-- is told without the work for many.

create or replace function data.permit_coverage(ground geometry, wide double precision,
    reach double precision) returns jsonb
    language plpgsql stable as
$$
declare
    around constant double precision := data.plane_m(wide + reach);
    day constant date := data.today();
    found bigint;
    simple boolean;
    oldest date;
    told jsonb;
begin
    select count(*), bool_and(coalesce(day between c.surveyed_on - 1 and c.surveyed_on + c.update_days
                                       and st_covers(c.geom, st_expand(ground, around)), false)),
           min(c.surveyed_on),
           jsonb_agg(jsonb_build_object('operator', c.operator, 'org_id', c.org_id, 'layer', 'coverage',
               'datasets', array[c.dataset_id], 'late', false, 'undated', false,
               'surveyed_on', c.surveyed_on, 'update_days', c.update_days))
        into found, simple, oldest, told
        from data.coverage c where st_dwithin(c.geom, ground, around);
    return case when found = 1 and simple
        then jsonb_build_object('coverage', 'surveyed', 'overdue', false, 'undated', false,
                                'oldest', oldest, 'sources', told)
        else data.permit_coverage_of_many(ground, wide, around, day) end;
end
$$;

-- The same for several surveys: `around` is how far they are asked about, in metres of the plane.
create function data.permit_coverage_of_many(ground geometry, wide double precision,
    around double precision, day date) returns jsonb
    language plpgsql stable as
$$
declare
    box constant geometry := st_expand(ground, around);
    held boolean;
    coverage text;
    sources jsonb;
begin
    with near as materialized (
        select coalesce('o' || c.org_id, 'n' || c.operator, 'd' || c.dataset_id) as whose, c.operator,
               c.org_id, c.dataset_id, c.surveyed_on, c.update_days,
               coalesce(day between c.surveyed_on - 1 and c.surveyed_on + c.update_days, false) as kept,
               st_covers(c.geom, box) as holds
        from data.coverage c where st_dwithin(c.geom, ground, around)
    ), called as (
        select n.whose, min(n.operator) as operator, min(n.org_id) as org_id,
               array_agg(distinct n.dataset_id) as datasets, bool_or(n.kept and n.holds) as held,
               not bool_and(n.kept) as doubtful,
               (array_agg(to_jsonb(n) - array['whose', 'operator', 'org_id', 'dataset_id']
                   order by n.surveyed_on desc) filter (where n.kept and n.holds))[1] as whole,
               (array_agg(to_jsonb(n) order by n.surveyed_on) filter (where n.kept))[1] as kept,
               (array_agg(to_jsonb(n) order by n.surveyed_on + n.update_days)
                   filter (where n.surveyed_on + n.update_days < day))[1] as late
        from near n group by n.whose
    )
    select bool_or(c.held), jsonb_agg(to_jsonb(c)) into held, sources from called c;
    coverage := case when held then 'surveyed' else data.permit_seen(ground, wide, around) end;
    select jsonb_agg(jsonb_build_object('operator', s.operator, 'org_id', s.org_id, 'layer', 'coverage',
               'datasets', s.datasets, 'late', l.late, 'undated', l.undated,
               'surveyed_on', d.of -> 'surveyed_on', 'update_days', d.of -> 'update_days'))
        into sources
        from jsonb_to_recordset(sources) as s(whose text, operator text, org_id bigint, datasets jsonb,
            held boolean, doubtful boolean, whole jsonb, kept jsonb, late jsonb)
        -- of ground that nobody surveyed no survey beside it tells
        left join lateral data.permit_stale(ground, around, day, s.whose) l
            on s.doubtful and not s.held and coverage <> 'none'
        cross join lateral (select case when s.held then s.whole when l.late then s.late
                                        when l.undated then null else s.kept end as of) d;
    return jsonb_build_object('coverage', coverage, 'sources', coalesce(sources, '[]'),
        'overdue', sources @> '[{"late": true}]' or sources @> '[{"undated": true}]' or null,
        'undated', sources @> '[{"undated": true}]' or null,
        'oldest', (select min(s.surveyed_on)
                   from jsonb_to_recordset(sources) as s(surveyed_on date)));
end
$$;

create or replace function data.permit_sources(records jsonb, hits jsonb, day date) returns jsonb
    language plpgsql stable as
$$
declare
    surveyed constant boolean := records ->> 'coverage' <> 'none';
    orgs bigint[];
    names text[];
    sets bigint[];
    met bigint[] := '{}';
begin
    if surveyed then
        select array_agg((s.v ->> 'org_id')::bigint), array_agg(s.v ->> 'operator'),
               array_agg((d.v)::bigint)
            into orgs, names, sets
            from jsonb_array_elements(records -> 'sources') s(v)
            cross join lateral jsonb_array_elements_text(s.v -> 'datasets') d(v);
    end if;
    if hits <> '[]' then
        met := array(select distinct g.dataset_id from jsonb_array_elements(hits) h(v)
                     join data.gas_pipelines g on g.id = (h.v ->> 'id')::bigint);
    end if;
    return (
    select coalesce(jsonb_agg(jsonb_build_object('operator', t.operator, 'org_id', t.org_id,
               'layer', t.layer, 'surveyed_on', t.dated, 'age_days', day - t.dated,
               'update_days', t.update_days, 'due_on', t.dated + t.update_days,
               'late_days', greatest(day - t.dated - t.update_days, 0), 'late', coalesce(t.late, false))
               order by t.late desc nulls last, day - t.dated - t.update_days desc, t.operator), '[]')
    from (select s.v ->> 'operator' as operator, (s.v ->> 'org_id')::bigint as org_id,
                 s.v ->> 'layer' as layer, (s.v ->> 'surveyed_on')::date as dated,
                 (s.v ->> 'update_days')::integer as update_days, (s.v ->> 'late')::boolean as late
          from jsonb_array_elements(records -> 'sources') s(v) where surveyed
          union all
          select coalesce(o.name, case when a.id = any (met) then (
                     select min(h.v ->> 'operator') from jsonb_array_elements(hits) h(v)
                     join data.gas_pipelines g on g.id = (h.v ->> 'id')::bigint
                     where g.dataset_id = a.id) end),
                 a.supplier_id, a.layer, a.dated, a.update_days, a.late
          from data.dataset_aged(day) a
          left join data.organisations o on o.id = a.supplier_id
          where a.layer in ('gas_pipelines', 'coverage') and a.dated is not null
            and case a.layer when 'coverage' then a.update_days is not null and a.id = any (sets)
                else a.id = any (met) or surveyed and (a.supplier_id is null
                     or a.supplier_id = any (orgs) or o.name = any (names)) end) t);
end
$$;

create or replace function data.permit_judged(ground geometry, wide double precision,
    read_m double precision, method text, depth_m numeric, out verdict text, out rules text,
    out reach double precision, out hits jsonb, out records jsonb, out doubts text[], out oldest date)
    language plpgsql stable as
$$
declare
    late boolean;
    sources jsonb;
begin
    select r.packs, r.reach into rules, reach from data.permit_reach(method, depth_m) r;
    hits := case when rules is null then '[]'
                 else data.permit_hits(ground, wide, read_m, method, depth_m, reach) end;
    records := data.permit_coverage(ground, wide, coalesce(reach, 50) + read_m);
    sources := data.permit_sources(records, hits, data.today());
    late := sources @> '[{"late": true}]';
    records := records || jsonb_build_object('sources', sources,
        'overdue', coalesce((records ->> 'overdue')::boolean, false) or late);
    doubts := array_remove(array[
        case when rules is null then 'no-rules' end,
        case when hits @> '[{"verdict": "unknown"}]' then 'no-rule-for-main' end,
        case records ->> 'coverage' when 'none' then 'coverage-none'
                                    when 'partial' then 'coverage-partial' end,
        case when (records ->> 'undated')::boolean then 'records-undated' end,
        case when late then 'records-overdue' end], null);
    select (array['clear', 'unknown', 'notify', 'protection_plan', 'prohibited'])[
               greatest(max(data.permit_rank(h.verdict)),
                        case when late then 3 when cardinality(doubts) > 0 then 2 else 1 end)],
           least((records ->> 'oldest')::date, min(h.dated),
                 (select min((s.v ->> 'surveyed_on')::date) from jsonb_array_elements(sources) s(v)))
        into verdict, oldest from jsonb_to_recordset(hits) as h(verdict text, dated date);
end
$$;

---------------------------------------------------------------------------- telling
-- Nothing late is told without a look at the rest; PL/pgSQL, because it keeps its plans.
create or replace function data.permit_late(records jsonb) returns jsonb
    language plpgsql immutable as
$$
begin
    if not records @> '{"sources": [{"late": true}]}' then
        return '[]';
    end if;
    return (
    select coalesce(jsonb_agg(s.v order by (s.v ->> 'late_days')::integer desc, s.v ->> 'operator',
               s.v ->> 'layer'), '[]')
    from jsonb_array_elements(records -> 'sources') as s(v)
    where s.v @> '{"late": true}');
end
$$;

create or replace function data.permit_late_facts(records jsonb, doubts text[]) returns jsonb
    language plpgsql immutable as
$$
declare
    late constant jsonb := data.permit_late(records);
begin
    if late = '[]' then
        return '{"late_age": null, "late_promised": null, "unknown": false}';
    end if;
    return jsonb_build_object('late_age', late #> '{0,age_days}',
        'late_promised', late #> '{0,update_days}',
        'unknown', exists (select from unnest(doubts) d
                           where d <> 'records-overdue' and d not like 'unlocated%'));
end
$$;

create or replace function data.permit_records(records jsonb) returns jsonb
    language plpgsql immutable as
$$
begin
    return (
    select coalesce(jsonb_agg(s.v - 'org_id' order by s.n), '[]')
    from jsonb_array_elements(records -> 'sources') with ordinality as s(v, n));
end
$$;

revoke all on function data.permit_coverage_of_many(geometry, double precision, double precision, date)
    from public;
