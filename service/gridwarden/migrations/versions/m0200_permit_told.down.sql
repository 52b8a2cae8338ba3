drop function data.permit_told(bigint, jsonb, jsonb, text), data.permit_coordinates(jsonb, text[], text),
    data.permit_judged_at(jsonb, double precision, text, numeric),
    data.permit_judged_as(jsonb, text, double precision, text, numeric),
    data.permit_late_facts(jsonb, text[]), data.permit_reasons(jsonb, text[], jsonb, text, jsonb);
drop type data.permit_judgement;

CREATE OR REPLACE FUNCTION data.epoch()
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$ select system_identifier::text from pg_control_system() $function$;

CREATE OR REPLACE FUNCTION data.program()
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$ select max(v.version_num) from public.alembic_version v $function$;

CREATE OR REPLACE FUNCTION data.permit_judged(ground geometry, wide double precision, read_m double precision, method text, depth_m numeric, OUT verdict text, OUT rules text, OUT reach double precision, OUT hits jsonb, OUT records jsonb, OUT doubts text[], OUT oldest date)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION data.permit_judged_as(readings jsonb, unlocated text, buffer_m double precision, method text, depth_m numeric, OUT verdict text, OUT rules text, OUT reach double precision, OUT hits jsonb, OUT records jsonb, OUT doubts text[], OUT oldest date, OUT told text[], OUT ground geometry, OUT first geometry, OUT radius_m double precision, OUT read_m double precision)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
    one jsonb;
    there geometry;
    part record;
    several constant boolean := jsonb_array_length(readings) > 1;
    grounds geometry[] := '{}';
begin
    hits := '[]';
    doubts := '{}';
    told := '{}';
    radius_m := 0;
    read_m := 0;
    for one in select r.v from jsonb_array_elements(readings) with ordinality as r(v, n) order by r.n loop
        there := st_setsrid(st_geomfromgeojson(one -> 'area'), data.working_srid());
        if st_isempty(there) or not st_isvalid(there) or st_npoints(there) > 2000
           or geometrytype(there) = 'GEOMETRYCOLLECTION' or st_area(there) > 1.01e6
           or coalesce((one ->> 'accuracy_m')::double precision, 0) < 0 then
            raise exception 'the area is not one that can be asked about' using errcode = '22023';
        end if;
        if st_dimension(there) = 0 then
            radius_m := data.point_radius();
        end if;
        read_m := greatest(read_m, coalesce((one ->> 'accuracy_m')::double precision, 0));
        select j.* into part from data.permit_judged(there,
            buffer_m + case when st_dimension(there) = 0 then data.point_radius() else 0 end,
            coalesce((one ->> 'accuracy_m')::double precision, 0), method, depth_m) j;
        rules := part.rules;
        reach := part.reach;
        hits := hits || part.hits;
        told := told || case when unlocated is not null and part.verdict = 'clear' then 'unknown'
                             else part.verdict end;
        doubts := doubts || array(select d from unnest(part.doubts) d where d <> all (doubts));
        oldest := least(oldest, part.oldest);
        records := case when records is null then part.records else jsonb_build_object(
            'coverage', (array['none', 'partial', 'surveyed'])[least(
                array_position(array['none', 'partial', 'surveyed'], records ->> 'coverage'),
                array_position(array['none', 'partial', 'surveyed'], part.records ->> 'coverage'))],
            'overdue', (records ->> 'overdue')::boolean or (part.records ->> 'overdue')::boolean,
            'sources', (select jsonb_agg(distinct s.v)
                        from jsonb_array_elements(records -> 'sources' || (part.records -> 'sources')) s(v)),
            'oldest', least((records ->> 'oldest')::date, (part.records ->> 'oldest')::date)) end;
        grounds := grounds || there;
    end loop;
    first := grounds[1];
    ground := case when several then st_collect(grounds) else first end;
    if several then
        hits := data.permit_hits_together(hits);
        -- it is known of one reading at a time only whether all of its ground was surveyed
        doubts := array(select d from unnest(doubts) d
            where d <> 'coverage-partial' or not 'coverage-none' = any (doubts));
    end if;
    if unlocated is not null then
        doubts := array_prepend(case unlocated when 'bd09' then 'unlocated-bd09' else 'unlocated' end,
                                doubts);
    end if;
    select (array['clear', 'unknown', 'notify', 'protection_plan', 'prohibited'])[
               greatest(max(data.permit_rank(v)), case when unlocated is null then 1 else 2 end)]
        into verdict from unnest(told) v;
end
$function$;

CREATE OR REPLACE FUNCTION data.permit_late_facts(records jsonb, doubts text[])
 RETURNS jsonb
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION data.permit_reasons(hits jsonb, doubts text[], words jsonb, language text, records jsonb)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
AS $function$
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
        from unnest(doubts) with ordinality as d(doubt, n) where doubt <> 'records-overdue'
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
        from jsonb_array_elements(data.permit_late(records)) with ordinality as s(v, n)
    )
    -- The order of the others must not tell who is nearer.
    select coalesce(json_agg(reason order by strength desc, own desc, case when own then gap end,
        reason ->> 'rule', reason ->> 'operator', reason ->> 'pressure_class'), '[]')
    from told);
end
$function$;

CREATE OR REPLACE FUNCTION data.permit_notes(words jsonb, hits jsonb, ground geometry, facts jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
    return (
    with hit as (
        select * from jsonb_to_recordset(hits) as h(own boolean, pressure_class text, missing jsonb,
            accuracy_m numeric)
    )
    select coalesce(jsonb_agg(data.filled(words ->> note, facts) order by n), '[]')
    from (values
        (1, 'note_point', st_dimension(ground) = 0),
        (2, 'note_buffer', (facts ->> 'buffer')::numeric > 0),
        (2, 'note_reading', (facts ->> 'reading')::numeric > 0),
        (3, 'note_class', exists (select from hit where pressure_class = 'unknown')),
        (4, 'note_diameter', exists (select from hit where own and missing ? 'dn')),
        (5, 'note_missing', exists (select from hit where own
            and missing ?| array['wall_mm', 'area_class', 'material', 'p_mop_mpa'])),
        (6, 'note_accuracy', exists (select from hit where own and accuracy_m is null))
    ) as t(n, note, holds) where holds);
end
$function$;

CREATE OR REPLACE FUNCTION data.permit_sentence(words jsonb, verdict text, hits jsonb, contacts jsonb, doubts text[], facts jsonb)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION data.permit_unlocated_sentence(words jsonb, unlocated text, verdict text, sentence text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
    select case when unlocated is null or verdict = 'unknown' then sentence
                else coalesce(data.filled(words ->> case unlocated when 'bd09' then 'unlocated_bd09_sentence'
                                  else 'unlocated_sentence' end, jsonb_build_object('sentence', sentence)),
                              sentence) end
$function$;

CREATE OR REPLACE FUNCTION api.permit_answer(area jsonb, work jsonb, language text)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
    asked_at constant timestamptz := clock_timestamp();
    buffer_m constant double precision := coalesce((work ->> 'buffer_m')::double precision, 0);
    depth_m constant numeric := (work ->> 'depth_m')::numeric;
    unlocated constant text := work #>> '{unlocated,because}';
    readings constant jsonb := coalesce(work #> '{unlocated,readings}', jsonb_build_array(
        jsonb_build_object('area', area, 'accuracy_m', work -> 'accuracy_m')));
    words constant jsonb := work -> 'words';
    j record;
    contacts jsonb;
    datasets text[];
    facts jsonb;
    says jsonb;
    number bigint;
    answer json;
begin
    if buffer_m not between 0 and 500 or depth_m not between 0 and 200
       or jsonb_array_length(readings) not between 1 and 8 then
        raise exception 'the area is not one that can be asked about' using errcode = '22023';
    end if;
    select * into j from data.permit_judged_as(readings, unlocated, buffer_m, work ->> 'method', depth_m);
    contacts := data.permit_contacts(j.hits || data.permit_late(j.records), case when j.verdict = 'notify'
        and (data.permit_late_facts(j.records, j.doubts) ->> 'unknown')::boolean then 'unknown'
        else j.verdict end, j.ground, buffer_m + j.radius_m);
    select coalesce(array_agg(d.name || '@' || d.version order by d.layer desc, d.name), '{}') into datasets
        from data.dataset d where d.layer in ('gas_pipelines', 'coverage') and d.version > 0;
    facts := jsonb_build_object('buffer', trim_scale(buffer_m::numeric), 'reach', j.reach,
        'radius', j.radius_m, 'reading', case when jsonb_array_length(readings) = 1
            then trim_scale(j.read_m::numeric) else 0 end, 'days', data.today() - j.oldest)
        || data.permit_late_facts(j.records, j.doubts);
    select jsonb_object_agg(l, data.permit_unlocated_sentence(words -> l, unlocated, j.verdict,
               data.permit_sentence(words -> l, j.verdict, j.hits, contacts, j.doubts,
                   facts || jsonb_build_object('method', words -> l ->> 'method'))))
        into says from jsonb_object_keys(words) as l;
    number := nextval(pg_get_serial_sequence('data.permit_answer', 'id'));
    answer := json_build_object(
        'verdict', j.verdict,
        'say', says ->> language,
        'reasons', data.permit_reasons(j.hits, j.doubts, words, language, j.records),
        'mains', data.permit_mains(j.hits),
        'measures', data.permit_measures(j.hits, language),
        'contacts', contacts,
        'coverage', j.records ->> 'coverage',
        'overdue', (j.records ->> 'overdue')::boolean,
        'records_age_days', data.today() - j.oldest,
        'surveyed_on', j.oldest,
        'records', data.permit_records(j.records),
        'move_m', case when jsonb_array_length(readings) = 1 then data.permit_move(j.hits) end,
        'notes', data.permit_readings_note(words -> language, readings, j.told, unlocated, language)
            || data.permit_notes(words -> language, j.hits, j.ground, facts),
        'says', says,
        'coordinates', (work -> 'coordinates') - 'said' || jsonb_build_object(
            'say', work #>> array['coordinates', 'said', language],
            'unlocated', unlocated,
            'readings', (select jsonb_agg((r.v - array['area', 'said']) || jsonb_build_object(
                             'say', r.v #>> array['said', language], 'verdict', j.told[r.n]) order by r.n)
                         from jsonb_array_elements(work #> '{unlocated,readings}')
                             with ordinality as r(v, n))),
        'number', to_char(asked_at, 'YYYY') || '-' || lpad(number::text, 6, '0'),
        'data', json_build_object('datasets', datasets,
            'rules', j.rules, 'snapshot', pg_current_snapshot(), 'asked_at', asked_at));
    insert into data.permit_answer (id, asked_at, role, person, area, work, verdict, mains, datasets,
            rules, answer)
        values (number, asked_at, api.role(), api.person(), j.first, work - 'words' || jsonb_build_object('replay',
                jsonb_build_object('area', area, 'language', language,
                                   'words', md5((work -> 'words')::text))), j.verdict,
            (select coalesce(jsonb_agg(jsonb_build_object('id', h.id, 'version', h.version)), '[]')
             from jsonb_to_recordset(j.hits) as h(id bigint, version integer)),
            datasets, j.rules, answer);
    perform api.record('permit.check', 'permit_answer/' || number, jsonb_strip_nulls(jsonb_build_object(
        'verdict', j.verdict, 'method', work ->> 'method', 'rules', j.rules,
        'unlocated', unlocated, 'snapshot', answer #> '{data,snapshot}')), jsonb_array_length(j.hits));
    return answer;
end
$function$;

revoke all on function data.permit_judged_as(jsonb, text, double precision, text, numeric),
    data.permit_late_facts(jsonb, text[]), data.permit_reasons(jsonb, text[], jsonb, text, jsonb)
    from public;
