-- A permit check costs little more than looking up what is near. What is seldom so (coordinates that
-- nobody can name, several surveys, late records, notes) is worked out only where it is; and nothing
-- that an answer calls is a SQL function that its caller's statement cannot take in: such a one is
-- parsed and planned again in every transaction, PL/pgSQL keeps its plans.
--
-- All that an answer tells is read by one STABLE function, data.permit_told: by one snapshot, which is
-- the one that it names. Answers are the same to the byte (tests/permits).

---------------------------------------------------------------------------- what an answer rests on
create or replace function data.epoch() returns text
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as
$$
begin
    return (select system_identifier::text from pg_control_system());
end
$$;

create or replace function data.program() returns text
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as
$$
begin
    return (select max(v.version_num) from public.alembic_version v);
end
$$;

---------------------------------------------------------------------------- judging
-- The verdict with all that it rests on: the strongest of what is met, and `unknown` where rules or
-- records do not tell.
create or replace function data.permit_judged(ground geometry, wide double precision,
    read_m double precision, method text, depth_m numeric, out verdict text, out rules text,
    out reach double precision, out hits jsonb, out records jsonb, out doubts text[], out oldest date)
    language plpgsql stable as
$$
declare
    day constant date := data.today();
    asked record;
    sources jsonb;
    late boolean;
begin
    asked := data.permit_reach(method, depth_m);
    rules := asked.packs;
    reach := asked.reach;
    hits := case when rules is null then '[]'
                 else data.permit_hits(ground, wide, read_m, method, depth_m, reach) end;
    records := data.permit_coverage(ground, wide, coalesce(reach, 50) + read_m);
    sources := data.permit_sources(records, hits, day);
    late := sources @> '[{"late": true}]';
    oldest := least((records ->> 'oldest')::date,
        (select min(coalesce(r.v ->> 'dated', r.v ->> 'surveyed_on')::date)
         from jsonb_array_elements(hits || sources) r(v)));
    records := records || jsonb_build_object('sources', sources,
        'overdue', coalesce((records ->> 'overdue')::boolean, false) or late);
    doubts := array_remove(array[
        case when rules is null then 'no-rules' end,
        case when hits @> '[{"verdict": "unknown"}]' then 'no-rule-for-main' end,
        case records ->> 'coverage' when 'none' then 'coverage-none'
                                    when 'partial' then 'coverage-partial' end,
        case when (records ->> 'undated')::boolean then 'records-undated' end,
        case when late then 'records-overdue' end], null);
    verdict := case when hits @> '[{"verdict": "prohibited"}]' then 'prohibited'
                    when hits @> '[{"verdict": "protection_plan"}]' then 'protection_plan'
                    when late or hits @> '[{"verdict": "notify"}]' then 'notify'
                    when cardinality(doubts) > 0 then 'unknown' else 'clear' end;
end
$$;

-- What one reading of an area gives, or several together: `told` holds each reading's own verdict, in
-- order, `ground` all grounds together, `first` the first.
create type data.permit_judgement as (
    verdict text, rules text, reach double precision, hits jsonb, records jsonb, doubts text[],
    oldest date, told text[], ground geometry, first geometry, radius_m double precision,
    read_m double precision);

-- One reading: {"area": GeoJSON in the working CRS, "accuracy_m": metres (95 %) that it adds}. Raises
-- 22023 for an area that cannot be asked about.
create function data.permit_judged_at(reading jsonb, buffer_m double precision, method text,
    depth_m numeric) returns data.permit_judgement
    language plpgsql stable as
$$
declare
    ground constant geometry := st_setsrid(st_geomfromgeojson(reading -> 'area'), data.working_srid());
    read_m constant double precision := coalesce((reading ->> 'accuracy_m')::double precision, 0);
    radius_m double precision := 0;
    j record;
begin
    if st_isempty(ground) or not st_isvalid(ground) or st_npoints(ground) > 2000 or read_m < 0
       or geometrytype(ground) = 'GEOMETRYCOLLECTION' or st_area(ground) > 1.01e6 then
        raise exception 'the area is not one that can be asked about' using errcode = '22023';
    end if;
    if st_dimension(ground) = 0 then
        radius_m := data.point_radius();
    end if;
    j := data.permit_judged(ground, buffer_m + radius_m, read_m, method, depth_m);
    return row(j.verdict, j.rules, j.reach, j.hits, j.records, j.doubts, j.oldest, array[j.verdict],
               ground, ground, radius_m, read_m)::data.permit_judgement;
end
$$;

-- Several readings together, or one of which it is not known whether it holds: `unlocated` says why.
drop function data.permit_judged_as(jsonb, text, double precision, text, numeric);
create function data.permit_judged_as(readings jsonb, unlocated text, buffer_m double precision,
    method text, depth_m numeric) returns data.permit_judgement
    language plpgsql stable as
$$
declare
    j data.permit_judgement := data.permit_judged_at(readings -> 0, buffer_m, method, depth_m);
    one data.permit_judgement;
    grounds geometry[] := array[j.ground];
begin
    for n in 1 .. jsonb_array_length(readings) - 1 loop
        one := data.permit_judged_at(readings -> n, buffer_m, method, depth_m);
        j.hits := j.hits || one.hits;
        j.told := j.told || one.verdict;
        j.doubts := j.doubts || array(select d from unnest(one.doubts) d where d <> all (j.doubts));
        j.oldest := least(j.oldest, one.oldest);
        j.radius_m := greatest(j.radius_m, one.radius_m);
        j.read_m := greatest(j.read_m, one.read_m);
        j.records := jsonb_build_object(
            'coverage', (array['none', 'partial', 'surveyed'])[least(
                array_position(array['none', 'partial', 'surveyed'], j.records ->> 'coverage'),
                array_position(array['none', 'partial', 'surveyed'], one.records ->> 'coverage'))],
            'overdue', (j.records ->> 'overdue')::boolean or (one.records ->> 'overdue')::boolean,
            'sources', (select jsonb_agg(distinct s.v)
                        from jsonb_array_elements(j.records -> 'sources' || (one.records -> 'sources')) s(v)),
            'oldest', least((j.records ->> 'oldest')::date, (one.records ->> 'oldest')::date));
        grounds := grounds || one.ground;
    end loop;
    if cardinality(grounds) > 1 then
        j.ground := st_collect(grounds);
        j.hits := data.permit_hits_together(j.hits);
        -- it is known of one reading at a time only whether all of its ground was surveyed
        j.doubts := array(select d from unnest(j.doubts) d
            where d <> 'coverage-partial' or not 'coverage-none' = any (j.doubts));
    end if;
    if unlocated is not null then
        j.told := array_replace(j.told, 'clear', 'unknown');
        j.doubts := case unlocated when 'bd09' then 'unlocated-bd09' else 'unlocated' end || j.doubts;
    end if;
    j.verdict := (select v from unnest(j.told) v order by data.permit_rank(v) desc limit 1);
    return j;
end
$$;

---------------------------------------------------------------------------- telling
-- What late records say in a sentence: of the one that is longest past its promise, and whether
-- anything is not known besides. `late` are those records, as data.permit_late gives them.
drop function data.permit_late_facts(jsonb, text[]);
create function data.permit_late_facts(late jsonb, doubts text[]) returns jsonb
    language plpgsql immutable as
$$
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

-- Why: every rule that is met, once for the nearest of the asker's own mains that it judges alike,
-- and of each pack the strongest for each other operator, without numbers, because each further
-- range that is named narrows where that main is; then what is wrong with the records.
drop function data.permit_reasons(jsonb, text[], jsonb, text, jsonb);
create function data.permit_reasons(hits jsonb, doubts text[], words jsonb, language text, late jsonb)
    returns json
    language plpgsql stable as
$$
begin
    if hits = '[]' and doubts = '{}' then
        return '[]';
    end if;
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
        select o.strength, o.own, o.gap, r.rule, o.operator, o.pressure_class,
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
        select 2, false, n, doubt, null, null, json_build_object('rule', doubt,
            'clause', null, 'edition', null, 'verified', null,
            'text', words -> language ->> ('reason_' || replace(doubt, '-', '_')),
            'required_m', null, 'measured_m', null, 'margin_m', null, 'verdict', 'unknown',
            'operator', null, 'pressure_class', null, 'certainty', null, 'pack', null,
            'heuristic', null, 'note', null)
        from unnest(doubts) with ordinality as d(doubt, n) where doubt <> 'records-overdue'
        union all
        select 3, false, n, 'records-overdue', s.v ->> 'operator', null,
            json_build_object('rule', 'records-overdue',
            'clause', null, 'edition', null, 'verified', null,
            'text', data.filled(words -> language ->> 'reason_records_overdue', s.v || jsonb_build_object(
                'operator', coalesce(s.v ->> 'operator', words -> language ->> 'nobody'),
                'day', to_char((s.v ->> 'surveyed_on')::date, case language
                    when 'zh' then 'YYYY"年"FMMM"月"FMDD"日"' else 'FMDD Mon YYYY' end))),
            'required_m', null, 'measured_m', null, 'margin_m', null, 'verdict', 'notify',
            'operator', s.v -> 'operator', 'pressure_class', null, 'certainty', null, 'pack', null,
            'heuristic', null, 'note', null)
        from jsonb_array_elements(late) with ordinality as s(v, n)
    )
    -- The order of the others must not tell who is nearer.
    select coalesce(json_agg(t.reason order by t.strength desc, t.own desc, case when t.own then t.gap end,
        t.rule, t.operator, t.pressure_class), '[]')
    from told t);
end
$$;

-- What else the reader must know: how the area was read, and what the records lack.
create or replace function data.permit_notes(words jsonb, hits jsonb, ground geometry, facts jsonb)
    returns jsonb
    language plpgsql stable as
$$
declare
    notes constant text[] := array_remove(array[
        case when st_dimension(ground) = 0 then 'note_point' end,
        case when (facts ->> 'buffer')::numeric > 0 then 'note_buffer' end,
        case when (facts ->> 'reading')::numeric > 0 then 'note_reading' end,
        case when hits @> '[{"pressure_class": "unknown"}]' then 'note_class' end,
        case when hits @> '[{"own": true, "missing": ["dn"]}]' then 'note_diameter' end,
        case when hits @> '[{"own": true, "missing": ["wall_mm"]}]'
               or hits @> '[{"own": true, "missing": ["area_class"]}]'
               or hits @> '[{"own": true, "missing": ["material"]}]'
               or hits @> '[{"own": true, "missing": ["p_mop_mpa"]}]' then 'note_missing' end,
        case when hits @> '[{"own": true, "accuracy_m": null}]' then 'note_accuracy' end], null);
begin
    if notes = '{}' then
        return '[]';
    end if;
    return (select jsonb_agg(data.filled(words ->> u.note, facts) order by u.n)
            from unnest(notes) with ordinality u(note, n));
end
$$;

-- The one sentence to read out: what holds here, and who does what next. Whether another company's
-- main is met certainly or possibly would tell its distance, so it is always `may_reach`. `notify`
-- because of age alone has a sentence of its own, and a stronger verdict one more.
create or replace function data.permit_sentence(
    words jsonb, verdict text, hits jsonb, contacts jsonb, doubts text[], facts jsonb) returns text
    language plpgsql stable as
$$
declare
    between constant text := words ->> 'separator';
    deciding text[] := '{}';
    who text;
    why text;
    sentence text;
begin
    if hits <> '[]' then
        deciding := array(select distinct coalesce(h.v ->> 'operator', words ->> 'nobody')
                          from jsonb_array_elements(hits) h(v)
                          where h.v ->> 'verdict' = permit_sentence.verdict order by 1);
    end if;
    select string_agg(data.filled(words ->> case when c.phone is null then 'contact_without_phone'
                                                 else 'contact' end,
               jsonb_build_object('operator', c.operator, 'phone', c.phone)), between order by c.operator)
        into who
        from (select v ->> 'operator' as operator, coalesce(v ->> 'duty_phone', v ->> 'phone') as phone
              from jsonb_array_elements(contacts) v) c
        where deciding = '{}' or c.operator = any (deciding);
    if doubts <> '{}' then
        select string_agg(data.filled(words ->> ('why_' || replace(u.d, '-', '_')), facts), between
                   order by u.d = 'records-overdue' desc, u.n)
            into why
            from unnest(doubts) with ordinality u(d, n)
            where permit_sentence.verdict = 'unknown' or u.d not like 'unlocated%';
    end if;
    sentence := data.filled(
        words ->> case when permit_sentence.verdict <> 'notify' or deciding <> '{}' then permit_sentence.verdict
                       when (facts ->> 'unknown')::boolean then 'notify_unknown' else 'notify_late' end,
        facts || jsonb_build_object('operators', array_to_string(deciding, between),
            'contacts', coalesce(who, words ->> 'nobody'), 'why', why,
            'reaches', words ->> case when hits @> jsonb_build_array(jsonb_build_object(
                    'verdict', permit_sentence.verdict, 'own', true, 'certainty', 'certain'))
                then 'reaches' else 'may_reach' end));
    if facts ->> 'late_age' is not null and deciding <> '{}' then
        sentence := sentence || data.filled(words ->> 'late_too', facts);
    end if;
    return sentence;
end
$$;

-- The sentence of what is not located: where a rule decides, that it may be another place.
create or replace function data.permit_unlocated_sentence(words jsonb, unlocated text, verdict text,
    sentence text) returns text
    language plpgsql immutable as
$$
begin
    if unlocated is null or verdict = 'unknown' then
        return sentence;
    end if;
    return coalesce(data.filled(words ->> case unlocated when 'bd09' then 'unlocated_bd09_sentence'
                                          else 'unlocated_sentence' end,
                                jsonb_build_object('sentence', sentence)), sentence);
end
$$;

-- As what the coordinates were read, and why; where it is not known which of several readings holds,
-- each with its own verdict.
create function data.permit_coordinates(work jsonb, told text[], language text) returns jsonb
    language plpgsql immutable as
$$
declare
    readings jsonb;
begin
    if work ? 'unlocated' then
        select jsonb_agg((r.v - array['area', 'said']) || jsonb_build_object(
                   'say', r.v #>> array['said', language], 'verdict', told[r.n]) order by r.n)
            into readings
            from jsonb_array_elements(work #> '{unlocated,readings}') with ordinality as r(v, n);
    end if;
    return (work -> 'coordinates') - 'said' || jsonb_build_object(
        'say', work #>> array['coordinates', 'said', language],
        'unlocated', work #>> '{unlocated,because}', 'readings', readings);
end
$$;

-- The answer as it is kept, with all that it rests on. `area` and `work` are those of api.permit_answer.
create function data.permit_told(number bigint, area jsonb, work jsonb, language text)
    returns data.permit_answer
    language plpgsql stable as
$$
declare
    method constant text := work ->> 'method';
    buffer_m constant double precision := coalesce((work ->> 'buffer_m')::double precision, 0);
    depth_m constant numeric := (work ->> 'depth_m')::numeric;
    unlocated constant text := work #>> '{unlocated,because}';
    readings constant jsonb := coalesce(work #> '{unlocated,readings}', jsonb_build_array(
        jsonb_build_object('area', area, 'accuracy_m', work -> 'accuracy_m')));
    one constant boolean := jsonb_array_length(readings) = 1;
    words constant jsonb := work -> 'words';
    told data.permit_answer;
    j data.permit_judgement;
    late jsonb;
    facts jsonb;
    contacts jsonb;
    says jsonb;
begin
    if buffer_m not between 0 and 500 or depth_m not between 0 and 200
       or jsonb_array_length(readings) not between 1 and 8 then
        raise exception 'the area is not one that can be asked about' using errcode = '22023';
    end if;
    j := case when one and unlocated is null
              then data.permit_judged_at(readings -> 0, buffer_m, method, depth_m)
              else data.permit_judged_as(readings, unlocated, buffer_m, method, depth_m) end;
    late := data.permit_late(j.records);
    facts := data.permit_late_facts(late, j.doubts) || jsonb_build_object(
        'buffer', trim_scale(buffer_m::numeric), 'reach', j.reach, 'radius', j.radius_m,
        'reading', case when one then trim_scale(j.read_m::numeric) else 0 end,
        'days', data.today() - j.oldest);
    contacts := data.permit_contacts(j.hits || late,
        case when j.verdict = 'notify' and (facts ->> 'unknown')::boolean then 'unknown' else j.verdict end,
        j.ground, buffer_m + j.radius_m);
    select jsonb_object_agg(w.key, data.permit_unlocated_sentence(w.value, unlocated, j.verdict,
               data.permit_sentence(w.value, j.verdict, j.hits, contacts, j.doubts,
                   facts || jsonb_build_object('method', w.value ->> 'method'))))
        into says from jsonb_each(words) w;
    select coalesce(array_agg(d.name || '@' || d.version order by d.layer desc, d.name), '{}')
        into told.datasets
        from data.dataset d where d.layer in ('gas_pipelines', 'coverage') and d.version > 0;
    told.id := number;
    told.asked_at := clock_timestamp();
    told.snapshot := pg_current_snapshot();
    told.role := api.role();
    told.person := api.person();
    told.orgs := current_setting('gridwarden.orgs', true);
    told.epoch := data.epoch();
    told.program := data.program();
    told.area := j.first;
    told.work := work - 'words' || jsonb_build_object('replay', jsonb_build_object('area', area,
        'language', language, 'words', md5(words::text)));
    told.verdict := j.verdict;
    told.rules := j.rules;
    told.mains := (select coalesce(jsonb_agg(jsonb_build_object('id', h.v -> 'id', 'version', h.v -> 'version')), '[]')
                   from jsonb_array_elements(j.hits) h(v));
    told.answer := json_build_object(
        'verdict', j.verdict,
        'say', says ->> language,
        'reasons', data.permit_reasons(j.hits, j.doubts, words, language, late),
        'mains', data.permit_mains(j.hits),
        'measures', data.permit_measures(j.hits, language),
        'contacts', contacts,
        'coverage', j.records ->> 'coverage',
        'overdue', (j.records ->> 'overdue')::boolean,
        'records_age_days', data.today() - j.oldest,
        'surveyed_on', j.oldest,
        'records', data.permit_records(j.records),
        'move_m', case when one then data.permit_move(j.hits) end,
        'notes', case when unlocated is null then '[]' else data.permit_readings_note(
                words -> language, readings, j.told, unlocated, language) end
            || data.permit_notes(words -> language, j.hits, j.ground, facts),
        'says', says,
        'coordinates', data.permit_coordinates(work, j.told, language),
        'number', to_char(told.asked_at, 'YYYY') || '-' || lpad(number::text, 6, '0'),
        'data', json_build_object('datasets', told.datasets, 'rules', j.rules,
            'snapshot', told.snapshot, 'asked_at', told.asked_at));
    return told;
end
$$;

---------------------------------------------------------------------------- the reader
create or replace function api.permit_answer(area jsonb, work jsonb, language text) returns json
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    number constant bigint := nextval(pg_get_serial_sequence('data.permit_answer', 'id'));
    told constant data.permit_answer := data.permit_told(number, area, work, language);
begin
    insert into data.permit_answer select told.*;
    perform api.record('permit.check', 'permit_answer/' || number, jsonb_strip_nulls(jsonb_build_object(
        'verdict', told.verdict, 'method', work ->> 'method', 'rules', told.rules,
        'unlocated', work #>> '{unlocated,because}', 'snapshot', told.snapshot)),
        jsonb_array_length(told.mains));
    return told.answer;
end
$$;

revoke all on function
    data.permit_judged_at(jsonb, double precision, text, numeric),
    data.permit_judged_as(jsonb, text, double precision, text, numeric),
    data.permit_late_facts(jsonb, text[]),
    data.permit_reasons(jsonb, text[], jsonb, text, jsonb),
    data.permit_coordinates(jsonb, text[], text),
    data.permit_told(bigint, jsonb, jsonb, text) from public;
