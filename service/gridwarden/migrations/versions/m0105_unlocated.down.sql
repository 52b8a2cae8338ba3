create or replace function api.permit_answer(area jsonb, work jsonb, language text) returns json
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    asked_at constant timestamptz := clock_timestamp();
    ground constant geometry := st_setsrid(st_geomfromgeojson(area), data.working_srid());
    buffer_m constant double precision := coalesce((work ->> 'buffer_m')::double precision, 0);
    read_m constant double precision := coalesce((work ->> 'accuracy_m')::double precision, 0);
    depth_m constant numeric := (work ->> 'depth_m')::numeric;
    radius_m constant double precision := case when st_dimension(ground) = 0
        then data.point_radius() else 0 end;
    wide constant double precision := buffer_m + radius_m;
    words constant jsonb := work -> 'words';
    reach double precision;
    rules text;
    hits jsonb;
    records jsonb;
    doubts text[];
    verdict text;
    contacts jsonb;
    oldest date;
    datasets text[];
    facts jsonb;
    says jsonb;
    number bigint;
    answer json;
begin
    if st_isempty(ground) or not st_isvalid(ground) or buffer_m not between 0 and 500 or read_m < 0
       or depth_m not between 0 and 200 or geometrytype(ground) = 'GEOMETRYCOLLECTION'
       or st_npoints(ground) > 2000 or st_area(ground) > 1.01e6 then
        raise exception 'the area is not one that can be asked about' using errcode = '22023';
    end if;
    select j.rules, j.reach, j.hits, j.records, j.doubts, j.verdict, j.oldest
        into rules, reach, hits, records, doubts, verdict, oldest
        from data.permit_judged(ground, wide, read_m, work ->> 'method', depth_m) j;
    contacts := data.permit_contacts(hits, verdict, ground, wide);
    select coalesce(array_agg(d.name || '@' || d.version order by d.layer desc, d.name), '{}') into datasets
        from data.dataset d where d.layer in ('gas_pipelines', 'coverage') and d.version > 0;
    facts := jsonb_build_object('buffer', trim_scale(buffer_m::numeric), 'reach', reach,
        'radius', radius_m, 'reading', trim_scale(read_m::numeric), 'days', current_date - oldest);
    select jsonb_object_agg(l, data.permit_sentence(words -> l, verdict, hits, contacts, doubts,
               facts || jsonb_build_object('method', words -> l ->> 'method')))
        into says from jsonb_object_keys(words) as l;
    number := nextval(pg_get_serial_sequence('data.permit_answer', 'id'));
    answer := json_build_object(
        'verdict', verdict,
        'say', says ->> language,
        'reasons', data.permit_reasons(hits, doubts, words, language),
        'mains', data.permit_mains(hits),
        'measures', data.permit_measures(hits, language),
        'contacts', contacts,
        'coverage', records ->> 'coverage',
        'overdue', (records ->> 'overdue')::boolean,
        'records_age_days', current_date - oldest,
        'move_m', data.permit_move(hits),
        'notes', data.permit_notes(words -> language, hits, ground, facts),
        'says', says,
        'number', to_char(asked_at, 'YYYY') || '-' || lpad(number::text, 6, '0'),
        'data', json_build_object('datasets', datasets,
            'rules', rules, 'snapshot', pg_current_snapshot(), 'asked_at', asked_at));
    insert into data.permit_answer (id, asked_at, role, person, area, work, verdict, mains, datasets,
            rules, answer)
        values (number, asked_at, api.role(), api.person(), ground, work - 'words', verdict,
            (select coalesce(jsonb_agg(jsonb_build_object('id', h.id, 'version', h.version)), '[]')
             from jsonb_to_recordset(hits) as h(id bigint, version integer)),
            datasets, rules, answer);
    perform api.record('permit.check', 'permit_answer/' || number, jsonb_build_object(
        'verdict', verdict, 'method', work ->> 'method', 'rules', rules,
        'snapshot', answer #> '{data,snapshot}'), jsonb_array_length(hits));
    return answer;
end
$$;

drop function data.permit_judged_as(jsonb, text, double precision, text, numeric);
drop function data.permit_hits_together(jsonb);
drop function data.permit_unlocated_sentence(jsonb, text, text, text);
drop function data.permit_readings_note(jsonb, jsonb, text[], text, text);
