do $patch$
declare
    step record;
    body text;
begin
    for step in select * from (values
        ('data.permit_judged_as(jsonb, text, double precision, text, numeric)',
$was$            'overdue', (records ->> 'overdue')::boolean or (part.records ->> 'overdue')::boolean,
            'sources', (select jsonb_agg(distinct s.v)
                        from jsonb_array_elements(records -> 'sources' || (part.records -> 'sources')) s(v)),$was$,
$new$            'overdue', (records ->> 'overdue')::boolean or (part.records ->> 'overdue')::boolean,$new$),
        ('api.permit_answer(jsonb, jsonb, text)',
$was$data.permit_contacts(j.hits || data.permit_late(j.records), case when j.verdict = 'notify'
        and (data.permit_late_facts(j.records, j.doubts) ->> 'unknown')::boolean then 'unknown'
        else j.verdict end, j.ground,$was$,
$new$data.permit_contacts(j.hits, j.verdict, j.ground,$new$),
        ('api.permit_answer(jsonb, jsonb, text)',
$was$ else 0 end, 'days', data.today() - j.oldest)
        || data.permit_late_facts(j.records, j.doubts);$was$,
$new$ else 0 end, 'days', current_date - j.oldest);$new$),
        ('api.permit_answer(jsonb, jsonb, text)',
$was$data.permit_reasons(j.hits, j.doubts, words, language, j.records)$was$,
$new$data.permit_reasons(j.hits, j.doubts, words, language)$new$),
        ('api.permit_answer(jsonb, jsonb, text)',
$was$        'records_age_days', data.today() - j.oldest,
        'surveyed_on', j.oldest,
        'records', data.permit_records(j.records),$was$,
$new$        'records_age_days', current_date - j.oldest,$new$),
        ('api.what_if(text, jsonb, bigint)',
$was$'doubts', j.doubts,
                   'surveyed_on', j.oldest, 'records_age_days', data.today() - j.oldest,
                   'records', data.permit_records(j.records))$was$,
$new$'doubts', j.doubts)$new$)
    ) t(name, was, becomes) loop
        body := pg_get_functiondef(step.name::regprocedure);
        if position(step.was in body) = 0 then
            raise exception '% is not the one that this changes', step.name;
        end if;
        execute replace(body, step.was, step.becomes);
    end loop;
end
$patch$;

drop function data.permit_reasons(jsonb, text[], jsonb, text, jsonb);
create or replace function data.permit_reasons(hits jsonb, doubts text[], words jsonb, language text)
    returns json
    language plpgsql stable as
$$
begin
    return (
    with band as (
        select h.operator, h.pressure_class, h.own, b.*
        from jsonb_to_recordset(hits) as h(operator text, pressure_class text, own boolean, met jsonb)
        cross join jsonb_to_recordset(h.met) as b(row_id bigint, strength integer,
            gap numeric, limit_m numeric, certainty text, top boolean)
    ), one as (
        select distinct on (row_id, own, case when not own then operator end) *
        from band where own or top
        order by row_id, own, case when not own then operator end, gap
    ), told as (
        select o.strength, o.own, o.gap,
            json_build_object('rule', r.rule, 'clause', r.clause, 'edition', r.edition,
                'verified', r.verified, 'text', r.text ->> language,
                'required_m', case when o.own then trim_scale(o.limit_m) end,
                'measured_m', case when o.own then trim_scale(o.gap) end,
                'margin_m', case when o.own then trim_scale(o.gap - o.limit_m) end,
                'verdict', w.verdict, 'operator', o.operator, 'pressure_class', o.pressure_class,
                'certainty', case when o.own then o.certainty end, 'pack', r.pack || '@' || r.version,
                'heuristic', r.heuristic ->> language, 'note', w.note ->> language) as reason
        from one o
        join data.rule_row w on w.id = o.row_id
        join data.rule r on r.id = w.rule_id
        union all
        select 2, false, n, json_build_object('rule', doubt,
            'clause', null, 'edition', null, 'verified', null,
            'text', words -> language ->> ('reason_' || replace(doubt, '-', '_')),
            'required_m', null, 'measured_m', null, 'margin_m', null, 'verdict', 'unknown',
            'operator', null, 'pressure_class', null, 'certainty', null, 'pack', null,
            'heuristic', null, 'note', null)
        from unnest(doubts) with ordinality as d(doubt, n)
    )
    -- The order of the others must not tell who is nearer.
    select coalesce(json_agg(reason order by strength desc, own desc, case when own then gap end,
        reason ->> 'rule', reason ->> 'operator', reason ->> 'pressure_class'), '[]')
    from told);
end
$$;

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
    ), called as (
        select string_agg(data.filled(words ->> case
                when coalesce(c.duty_phone, c.phone) is null then 'contact_without_phone'
                else 'contact' end, jsonb_build_object('operator', c.operator,
                'phone', coalesce(c.duty_phone, c.phone))), words ->> 'separator' order by c.operator) as who
        from jsonb_to_recordset(contacts) as c(operator text, phone text, duty_phone text)
        where not exists (select from deciding) or c.operator in (select operator from deciding)
    )
    select data.filled(words ->> permit_sentence.verdict, facts || jsonb_build_object(
        'operators', (select string_agg(operator, words ->> 'separator' order by operator) from deciding),
        'contacts', coalesce((select who from called), words ->> 'nobody'),
        'why', (select string_agg(data.filled(words ->> ('why_' || replace(d, '-', '_')), facts),
                    words ->> 'separator' order by n)
                from unnest(doubts) with ordinality as u(d, n)),
        'reaches', words ->> case when exists (
                select from jsonb_to_recordset(hits) as h(verdict text, own boolean, certainty text)
                where h.verdict = permit_sentence.verdict and h.own and h.certainty = 'certain')
            then 'reaches' else 'may_reach' end)));
end
$$;

create or replace function data.permit_judged(ground geometry, wide double precision, read_m double precision,
    method text, depth_m numeric, out verdict text, out rules text, out reach double precision,
    out hits jsonb, out records jsonb, out doubts text[], out oldest date)
    language plpgsql stable as
$$
begin
    select r.packs, r.reach into rules, reach from data.permit_reach(method, depth_m) r;
    hits := case when rules is null then '[]'
                 else data.permit_hits(ground, wide, read_m, method, depth_m, reach) end;
    records := data.permit_coverage(ground, wide, coalesce(reach, 50) + read_m);
    doubts := array_remove(array[
        case when rules is null then 'no-rules' end,
        case when hits @> '[{"verdict": "unknown"}]' then 'no-rule-for-main' end,
        case records ->> 'coverage' when 'none' then 'coverage-none'
                                    when 'partial' then 'coverage-partial' end,
        case when (records ->> 'overdue')::boolean then 'records-overdue' end], null);
    select (array['clear', 'unknown', 'notify', 'protection_plan', 'prohibited'])[
               greatest(max(data.permit_rank(h.verdict)),
                        case when cardinality(doubts) > 0 then 2 else 1 end)],
           least((records ->> 'oldest')::date, min(h.dated))
        into verdict, oldest from jsonb_to_recordset(hits) as h(verdict text, dated date);
end
$$;

create function data.permit_coverage_in_parts(ground geometry, wide double precision, reach double precision)
    returns jsonb
    language plpgsql stable as
$$
begin
    return (
    with near as materialized (
        select c.geom, c.surveyed_on,
               coalesce(c.surveyed_on + c.update_days >= current_date, false) as kept
        from data.coverage c where st_dwithin(c.geom, ground, wide + reach)
    ), seen as (
        select not data.permit_unseen(ground, wide + reach, st_union(geom)) as by_any,
               not data.permit_unseen(ground, wide + reach, st_union(geom) filter (where kept))
                   as by_kept,
               coalesce(bool_or(st_dwithin(geom, ground, wide)), false) as in_part,
               coalesce(bool_or(not kept), false) as some_overdue,
               min(surveyed_on) as oldest
        from near
    )
    select jsonb_build_object(
        'coverage', case when not in_part then 'none' when by_any then 'surveyed' else 'partial' end,
        'overdue', case when by_any then not by_kept else some_overdue end, 'oldest', oldest)
    from seen);
end
$$;

create or replace function data.permit_coverage(ground geometry, wide double precision, reach double precision)
    returns jsonb
    language plpgsql stable as
$$
declare
    around constant double precision := data.plane_m(wide + reach);
    held boolean;
    oldest date;
begin
    select bool_or(c.surveyed_on + c.update_days >= current_date
                   and st_covers(c.geom, st_expand(ground, around))), min(c.surveyed_on)
        into held, oldest
        from data.coverage c where st_dwithin(c.geom, ground, around);
    return case when held
        then jsonb_build_object('coverage', 'surveyed', 'overdue', false, 'oldest', oldest)
        else data.permit_coverage_in_parts(ground, wide, around - wide) end;
end
$$;

drop function
    data.permit_seen(geometry, double precision, double precision),
    data.permit_stale(geometry, double precision, date, text),
    data.permit_sources(jsonb, jsonb, date), data.permit_late(jsonb),
    data.permit_late_facts(jsonb, text[]), data.permit_records(jsonb);

revoke all on function data.permit_reasons(jsonb, text[], jsonb, text),
    data.permit_coverage_in_parts(geometry, double precision, double precision) from public;
