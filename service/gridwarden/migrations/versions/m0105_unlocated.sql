-- A permit check whose coordinates nobody can name (or only within metres) is judged under every
-- reading that they may have: the strongest verdict counts, and it is never `clear`.
--
-- Invariants (tests/permits/test_permit_unlocated.py): what is not located is at least `unknown`;
-- of several readings the strongest wins; nothing that is found under one of them is `certain`.

-- What several readings of one area give together. `readings` is an array of {"area": GeoJSON in
-- the working CRS, "accuracy_m": metres (95 %) that the reading adds}; `unlocated` says why it is
-- not known which of them holds, null where the one reading is known. `told` holds each reading's own
-- verdict, in order; `ground` all grounds together, `first` the first.
create function data.permit_judged_as(readings jsonb, unlocated text, buffer_m double precision,
    method text, depth_m numeric, out verdict text, out rules text, out reach double precision,
    out hits jsonb, out records jsonb, out doubts text[], out oldest date, out told text[],
    out ground geometry, out first geometry, out radius_m double precision, out read_m double precision)
    language plpgsql stable as
$$
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
$$;

-- Of what several readings meet each main once, as the strictest of them meets it; possible, because
-- the others may hold, and without room or way back, because nobody knows from where.
create function data.permit_hits_together(hits jsonb) returns jsonb
    language plpgsql immutable as
$$
begin
    return (
    select coalesce(jsonb_agg(s.h order by (s.h ->> 'gap')::numeric, (s.h ->> 'id')::bigint), '[]')
    from (select distinct on (h.v ->> 'id') h.v || jsonb_build_object(
                 'certainty', case when h.v ->> 'certainty' is not null then 'possible' end,
                 'room_m', null, 'back_m', null, 'out_m', null,
                 'met', (select jsonb_agg(b.v || '{"certainty": "possible"}' order by b.n)
                         from jsonb_array_elements(case jsonb_typeof(h.v -> 'met')
                             when 'array' then h.v -> 'met' end) with ordinality as b(v, n))) as h
          from jsonb_array_elements(permit_hits_together.hits) h(v)
          order by h.v ->> 'id', data.permit_rank(h.v ->> 'verdict') desc, (h.v ->> 'gap')::numeric) s);
end
$$;

-- `work` may hold `unlocated`: {"because": a word, "readings": [{"area", "accuracy_m", "name",
-- "said": {language: its name}, …}]}, of which the first is `area`; and `coordinates`: as what the
-- numbers were read, and why, in words ("said").
create or replace function api.permit_answer(area jsonb, work jsonb, language text) returns json
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
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
    contacts := data.permit_contacts(j.hits, j.verdict, j.ground, buffer_m + j.radius_m);
    select coalesce(array_agg(d.name || '@' || d.version order by d.layer desc, d.name), '{}') into datasets
        from data.dataset d where d.layer in ('gas_pipelines', 'coverage') and d.version > 0;
    facts := jsonb_build_object('buffer', trim_scale(buffer_m::numeric), 'reach', j.reach,
        'radius', j.radius_m, 'reading', case when jsonb_array_length(readings) = 1
            then trim_scale(j.read_m::numeric) else 0 end, 'days', current_date - j.oldest);
    select jsonb_object_agg(l, data.permit_unlocated_sentence(words -> l, unlocated, j.verdict,
               data.permit_sentence(words -> l, j.verdict, j.hits, contacts, j.doubts,
                   facts || jsonb_build_object('method', words -> l ->> 'method'))))
        into says from jsonb_object_keys(words) as l;
    number := nextval(pg_get_serial_sequence('data.permit_answer', 'id'));
    answer := json_build_object(
        'verdict', j.verdict,
        'say', says ->> language,
        'reasons', data.permit_reasons(j.hits, j.doubts, words, language),
        'mains', data.permit_mains(j.hits),
        'measures', data.permit_measures(j.hits, language),
        'contacts', contacts,
        'coverage', j.records ->> 'coverage',
        'overdue', (j.records ->> 'overdue')::boolean,
        'records_age_days', current_date - j.oldest,
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
        values (number, asked_at, api.role(), api.person(), j.first, work - 'words', j.verdict,
            (select coalesce(jsonb_agg(jsonb_build_object('id', h.id, 'version', h.version)), '[]')
             from jsonb_to_recordset(j.hits) as h(id bigint, version integer)),
            datasets, j.rules, answer);
    perform api.record('permit.check', 'permit_answer/' || number, jsonb_strip_nulls(jsonb_build_object(
        'verdict', j.verdict, 'method', work ->> 'method', 'rules', j.rules,
        'unlocated', unlocated, 'snapshot', answer #> '{data,snapshot}')), jsonb_array_length(j.hits));
    return answer;
end
$$;

-- The sentence of what is not located: where a rule decides, that it may be another place.
create function data.permit_unlocated_sentence(words jsonb, unlocated text, verdict text, sentence text)
    returns text
    language sql immutable as
$$
    select case when unlocated is null or verdict = 'unknown' then sentence
                else coalesce(data.filled(words ->> case unlocated when 'bd09' then 'unlocated_bd09_sentence'
                                  else 'unlocated_sentence' end, jsonb_build_object('sentence', sentence)),
                              sentence) end
$$;

-- What each reading gives, as one note.
create function data.permit_readings_note(words jsonb, readings jsonb, told text[], unlocated text,
    language text) returns jsonb
    language sql immutable as
$$
    select case when unlocated is null or jsonb_array_length(readings) < 2 then '[]' else jsonb_build_array(
        data.filled(words ->> 'note_unlocated', jsonb_build_object('readings',
            (select string_agg(data.filled(words ->> 'note_one_reading', jsonb_build_object(
                        'reading', r.v #>> array['said', language],
                        'verdict', words ->> ('named_' || told[r.n]))), words ->> 'between' order by r.n)
             from jsonb_array_elements(readings) with ordinality as r(v, n))))) end
$$;

revoke all on function
    data.permit_judged_as(jsonb, text, double precision, text, numeric),
    data.permit_hits_together(jsonb),
    data.permit_unlocated_sentence(jsonb, text, text, text),
    data.permit_readings_note(jsonb, jsonb, text[], text, text) from public;
