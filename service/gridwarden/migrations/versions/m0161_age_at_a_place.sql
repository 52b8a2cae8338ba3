-- The age of the records at a place, in every permit answer: by operator, with what was promised.
-- Past the promise an answer is at least `notify`; of records without a date, or without a promise,
-- at least `unknown`, as before.
--
-- Invariants (tests/permits/test_age.py): what is fresh in part is as old as its oldest part; one
-- operator's fresh survey does not make another's fresh; a stronger verdict stays.

---------------------------------------------------------------------------- surveys
-- How much of the ground, and of all that lies within `around` (metres of the plane) of it, is in
-- some survey: none, partial, surveyed. What lies within `wide` alone decides on `none`.
create function data.permit_seen(ground geometry, wide double precision, around double precision)
    returns text
    language plpgsql stable as
$$
begin
    return (
    select case when not coalesce(bool_or(st_dwithin(c.geom, ground, wide)), false) then 'none'
                when data.permit_unseen(ground, around, st_union(c.geom)) then 'partial'
                else 'surveyed' end
    from data.coverage c where st_dwithin(c.geom, ground, around));
end
$$;

-- Whether some of it lies in surveys of one operator (`whose`) that are overdue (`late`), or that have
-- no date or no promise (`undated`), and in none of its own that is kept up. Slivers narrower than
-- 1 cm do not count.
create function data.permit_stale(ground geometry, around double precision, day date, whose text,
    out late boolean, out undated boolean)
    language plpgsql stable as
$$
begin
    with near as materialized (
        select st_intersection(c.geom, st_expand(ground, around)) as part,
               day between c.surveyed_on - 1 and c.surveyed_on + c.update_days as kept,
               day > c.surveyed_on + c.update_days as late
        from data.coverage c
        where st_dwithin(c.geom, ground, around)
          and coalesce('o' || c.org_id, 'n' || c.operator, 'd' || c.dataset_id) = permit_stale.whose
    ), fresh as (
        select st_union(n.part) as geom from near n where n.kept
    ), gap as (
        select n.late, st_dump(case when f.geom is null then n.part else st_difference(n.part, f.geom) end) as d
        from near n cross join fresh f where n.kept is not true
    )
    select coalesce(bool_or(g.late), false), coalesce(bool_or(g.late is not true), false)
        into late, undated
        from gap g
        where 2 * st_area((g.d).geom) > 0.01 * st_perimeter((g.d).geom)
          and st_dwithin((g.d).geom, ground, around);
end
$$;

-- Whether the ground, and all that may lie within `reach` of it on the ground, is on record, and the
-- surveys of each operator there: {"coverage", "overdue", "undated", "oldest", "sources"}. The quick
-- answer, where a survey that is kept up holds all of it; else by its parts. The date of an operator
-- is that of its newest survey that holds all, else of the oldest there, of overdue ones that which
-- was due first.
drop function data.permit_coverage_in_parts(geometry, double precision, double precision);
create or replace function data.permit_coverage(ground geometry, wide double precision,
    reach double precision) returns jsonb
    language plpgsql stable as
$$
declare
    around constant double precision := data.plane_m(wide + reach);
    box constant geometry := st_expand(ground, around);
    day constant date := data.today();
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

---------------------------------------------------------------------------- surveys and datasets
-- What the records at a place are: the surveys there, and the datasets of the mains that are met and
-- of the operators whose surveys these are (of mains that are nobody's, all), each with its age on
-- the day and what was promised. The latest first. No dataset is named.
create function data.permit_sources(records jsonb, hits jsonb, day date) returns jsonb
    language plpgsql stable as
$$
begin
    return (
    with survey as (
        select s.* from jsonb_to_recordset(records -> 'sources') as s(operator text, org_id bigint,
            layer text, datasets bigint[], surveyed_on date, update_days integer, late boolean)
        where records ->> 'coverage' <> 'none'
    ), hit as (
        select g.dataset_id, min(h.operator) as operator
        from jsonb_to_recordset(hits) as h(id bigint, operator text)
        join data.gas_pipelines g on g.id = h.id group by 1
    ), aged as (
        select coalesce(o.name, h.operator) as operator, a.supplier_id as org_id, a.layer, a.dated,
               a.update_days, a.late
        from data.dataset_aged(day) a
        left join hit h on h.dataset_id = a.id
        left join data.organisations o on o.id = a.supplier_id
        where a.dated is not null and case a.layer
            when 'gas_pipelines' then h.dataset_id is not null
                 or a.supplier_id is null and records ->> 'coverage' <> 'none'
                 or a.supplier_id in (select s.org_id from survey s)
                 or o.name in (select s.operator from survey s)
            when 'coverage' then a.update_days is not null
                 and exists (select from survey s where a.id = any (s.datasets))
            else false end
    )
    select coalesce(jsonb_agg(jsonb_build_object('operator', t.operator, 'org_id', t.org_id,
               'layer', t.layer, 'surveyed_on', t.dated, 'age_days', day - t.dated,
               'update_days', t.update_days, 'due_on', t.dated + t.update_days,
               'late_days', greatest(day - t.dated - t.update_days, 0), 'late', coalesce(t.late, false))
               order by t.late desc nulls last, day - t.dated - t.update_days desc, t.operator), '[]')
    from (select s.operator, s.org_id, s.layer, s.surveyed_on as dated, s.update_days, s.late from survey s
          union
          select a.operator, a.org_id, a.layer, a.dated, a.update_days, a.late from aged a) t);
end
$$;

-- Those of them that are past their promise.
create function data.permit_late(records jsonb) returns jsonb
    language sql immutable as
$$
    select coalesce(jsonb_agg(s.v order by (s.v ->> 'late_days')::integer desc, s.v ->> 'operator',
               s.v ->> 'layer'), '[]')
    from jsonb_array_elements(records -> 'sources') as s(v)
    where s.v @> '{"late": true}'
$$;

-- What the sentence says of the one that is longest past it, and whether anything is not known.
create function data.permit_late_facts(records jsonb, doubts text[]) returns jsonb
    language sql immutable as
$$
    select jsonb_build_object('late_age', data.permit_late(records) #> '{0,age_days}',
        'late_promised', data.permit_late(records) #> '{0,update_days}',
        'unknown', exists (select from unnest(doubts) d
                           where d <> 'records-overdue' and d not like 'unlocated%'))
$$;

-- As an answer tells them.
create function data.permit_records(records jsonb) returns jsonb
    language sql immutable as
$$
    select coalesce(jsonb_agg(s.v - 'org_id' order by s.n), '[]')
    from jsonb_array_elements(records -> 'sources') with ordinality as s(v, n)
$$;

create or replace function data.permit_judged(ground geometry, wide double precision,
    read_m double precision, method text, depth_m numeric, out verdict text, out rules text,
    out reach double precision, out hits jsonb, out records jsonb, out doubts text[], out oldest date)
    language plpgsql stable as
$$
begin
    select r.packs, r.reach into rules, reach from data.permit_reach(method, depth_m) r;
    hits := case when rules is null then '[]'
                 else data.permit_hits(ground, wide, read_m, method, depth_m, reach) end;
    records := data.permit_coverage(ground, wide, coalesce(reach, 50) + read_m);
    records := records || jsonb_build_object('sources',
        data.permit_sources(records, hits, data.today()));
    records := records || jsonb_build_object('overdue', coalesce((records ->> 'overdue')::boolean, false)
        or records @> '{"sources": [{"late": true}]}');
    doubts := array_remove(array[
        case when rules is null then 'no-rules' end,
        case when hits @> '[{"verdict": "unknown"}]' then 'no-rule-for-main' end,
        case records ->> 'coverage' when 'none' then 'coverage-none'
                                    when 'partial' then 'coverage-partial' end,
        case when (records ->> 'undated')::boolean then 'records-undated' end,
        case when records @> '{"sources": [{"late": true}]}' then 'records-overdue' end], null);
    select (array['clear', 'unknown', 'notify', 'protection_plan', 'prohibited'])[
               greatest(max(data.permit_rank(h.verdict)),
                        case when 'records-overdue' = any (doubts) then 3
                             when cardinality(doubts) > 0 then 2 else 1 end)],
           least((records ->> 'oldest')::date, min(h.dated),
                 (select min(s.surveyed_on)
                  from jsonb_to_recordset(records -> 'sources') as s(surveyed_on date)))
        into verdict, oldest from jsonb_to_recordset(hits) as h(verdict text, dated date);
end
$$;

---------------------------------------------------------------------------- telling
-- `notify` because of age alone has a sentence of its own, and a stronger verdict one more.
create or replace function data.permit_sentence(
    words jsonb, verdict text, hits jsonb, contacts jsonb, doubts text[], facts jsonb) returns text
    language plpgsql stable as
$$
begin
    return (
    with deciding as (
        select distinct coalesce(h.operator, words ->> 'nobody') as operator
        from jsonb_to_recordset(hits) as h(operator text, verdict text)
        where h.verdict = permit_sentence.verdict
    ), met as (
        select exists (select from deciding) as by_main, facts ->> 'late_age' is not null as late
    ), called as (
        select string_agg(data.filled(words ->> case
                when coalesce(c.duty_phone, c.phone) is null then 'contact_without_phone'
                else 'contact' end, jsonb_build_object('operator', c.operator,
                'phone', coalesce(c.duty_phone, c.phone))), words ->> 'separator' order by c.operator) as who
        from jsonb_to_recordset(contacts) as c(operator text, phone text, duty_phone text)
        where not exists (select from deciding) or c.operator in (select operator from deciding)
    )
    select data.filled(words ->> case
            when permit_sentence.verdict <> 'notify' or met.by_main then permit_sentence.verdict
            when (facts ->> 'unknown')::boolean then 'notify_unknown' else 'notify_late' end,
        facts || jsonb_build_object(
        'operators', (select string_agg(operator, words ->> 'separator' order by operator) from deciding),
        'contacts', coalesce((select who from called), words ->> 'nobody'),
        'why', (select string_agg(data.filled(words ->> ('why_' || replace(d, '-', '_')), facts),
                    words ->> 'separator' order by d = 'records-overdue' desc, n)
                from unnest(doubts) with ordinality as u(d, n)
                where permit_sentence.verdict = 'unknown' or d not like 'unlocated%'),
        'reaches', words ->> case when exists (
                select from jsonb_to_recordset(hits) as h(verdict text, own boolean, certainty text)
                where h.verdict = permit_sentence.verdict and h.own and h.certainty = 'certain')
            then 'reaches' else 'may_reach' end))
        || case when met.late and met.by_main then data.filled(words ->> 'late_too', facts) else '' end
    from met);
end
$$;

do $patch$
declare
    step record;
    body text;
    was constant text :=
$was$        from unnest(doubts) with ordinality as d(doubt, n)$was$;
begin
    body := pg_get_functiondef('data.permit_reasons(jsonb, text[], jsonb, text)'::regprocedure);
    if position(was in body) = 0 or position('language text)' in body) = 0 then
        raise exception 'data.permit_reasons is not the one that this changes';
    end if;
    execute replace(replace(body, 'language text)', 'language text, records jsonb)'), was,
$new$        from unnest(doubts) with ordinality as d(doubt, n) where doubt <> 'records-overdue'
        union all
        select 3, false, n, json_build_object('rule', 'records-overdue',
            'clause', null, 'edition', null, 'verified', null,
            'text', data.filled(words -> language ->> 'reason_records_overdue', s.v || jsonb_build_object(
                'operator', coalesce(s.v ->> 'operator', words -> language ->> 'nobody'),
                'day', to_char((s.v ->> 'surveyed_on')::date, case language
                    when 'zh' then 'YYYY"年"FMMM"月"FMDD"日"' else 'FMDD Mon YYYY' end))),
            'required_m', null, 'measured_m', null, 'margin_m', null, 'verdict', 'notify',
            'operator', s.v -> 'operator', 'pressure_class', null, 'certainty', null, 'pack', null,
            'heuristic', null, 'note', null)
        from jsonb_array_elements(data.permit_late(records)) with ordinality as s(v, n)$new$);
    drop function data.permit_reasons(jsonb, text[], jsonb, text);
    for step in select * from (values
        ('data.permit_judged_as(jsonb, text, double precision, text, numeric)',
$was$            'overdue', (records ->> 'overdue')::boolean or (part.records ->> 'overdue')::boolean,$was$,
$new$            'overdue', (records ->> 'overdue')::boolean or (part.records ->> 'overdue')::boolean,
            'sources', (select jsonb_agg(distinct s.v)
                        from jsonb_array_elements(records -> 'sources' || (part.records -> 'sources')) s(v)),$new$),
        ('api.permit_answer(jsonb, jsonb, text)',
$was$data.permit_contacts(j.hits, j.verdict, j.ground,$was$,
$new$data.permit_contacts(j.hits || data.permit_late(j.records), case when j.verdict = 'notify'
        and (data.permit_late_facts(j.records, j.doubts) ->> 'unknown')::boolean then 'unknown'
        else j.verdict end, j.ground,$new$),
        ('api.permit_answer(jsonb, jsonb, text)',
$was$ else 0 end, 'days', current_date - j.oldest);$was$,
$new$ else 0 end, 'days', data.today() - j.oldest)
        || data.permit_late_facts(j.records, j.doubts);$new$),
        ('api.permit_answer(jsonb, jsonb, text)',
$was$data.permit_reasons(j.hits, j.doubts, words, language)$was$,
$new$data.permit_reasons(j.hits, j.doubts, words, language, j.records)$new$),
        ('api.permit_answer(jsonb, jsonb, text)',
$was$        'records_age_days', current_date - j.oldest,$was$,
$new$        'records_age_days', data.today() - j.oldest,
        'surveyed_on', j.oldest,
        'records', data.permit_records(j.records),$new$),
        ('api.what_if(text, jsonb, bigint)',
$was$'doubts', j.doubts)$was$,
$new$'doubts', j.doubts,
                   'surveyed_on', j.oldest, 'records_age_days', data.today() - j.oldest,
                   'records', data.permit_records(j.records))$new$)
    ) t(name, was, becomes) loop
        body := pg_get_functiondef(step.name::regprocedure);
        if position(step.was in body) = 0 then
            raise exception '% is not the one that this changes', step.name;
        end if;
        execute replace(body, step.was, step.becomes);
    end loop;
end
$patch$;

revoke all on function
    data.permit_seen(geometry, double precision, double precision),
    data.permit_stale(geometry, double precision, date, text),
    data.permit_sources(jsonb, jsonb, date), data.permit_late(jsonb),
    data.permit_late_facts(jsonb, text[]), data.permit_records(jsonb),
    data.permit_reasons(jsonb, text[], jsonb, text, jsonb) from public;
