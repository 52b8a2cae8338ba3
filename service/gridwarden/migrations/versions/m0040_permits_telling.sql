-- How a permit answer is told: the lists and sentences that api.permit_answer puts together.
-- `{name}` in a text becomes the value of that name.
create function data.filled(template text, named jsonb) returns text
    language plpgsql immutable as
$$
declare
    one record;
begin
    for one in select key, value from jsonb_each_text(named) loop
        template := replace(template, '{' || one.key || '}', coalesce(one.value, ''));
    end loop;
    return template;
end
$$;

-- Whom to call: the operators of the mains that are met; else those that surveyed the ground; for
-- ground that cannot be judged every gas company, because the main may be anybody's.
create function data.permit_contacts(
    hits jsonb, verdict text, ground geometry, wide double precision) returns jsonb
    language plpgsql stable as
$$
begin
    return (
    with named as (
        select h.org_id, h.operator
        from jsonb_to_recordset(hits) as h(org_id bigint, operator text)
        union
        select c.org_id, c.operator from data.coverage c
        where verdict in ('unknown', 'clear') and st_dwithin(c.geom, ground, wide)
        union
        select o.id, o.name from data.organisations o
        where verdict = 'unknown' and o.kind = 'gas_company'
    ), found as (
        select distinct coalesce(n.operator, o.name) as operator, o.phone, o.duty_phone
        from named n
        left join data.organisations o on o.id = coalesce(n.org_id,
            (select min(p.id) from data.organisations p where p.name = n.operator))
    )
    select coalesce(jsonb_agg(jsonb_build_object(
        'operator', operator, 'phone', phone, 'duty_phone', duty_phone) order by operator), '[]')
    from found where operator is not null);
end
$$;

-- The asker's own mains in full, the others by operator, class and band.
create function data.permit_mains(hits jsonb) returns json
    language plpgsql stable as
$$
begin
    return (
    with hit as (
        select * from jsonb_to_recordset(hits) as h(id bigint, code text, operator text,
            pressure_class text, gap numeric, accuracy_m numeric, certainty text, own boolean,
            missing jsonb)
    ), told as (
        select gap as place, json_build_object('id', id, 'code', code, 'operator', operator,
            'pressure_class', pressure_class, 'distance_m', trim_scale(gap),
            'accuracy_m', accuracy_m, 'certainty', certainty,
            'distance_band', data.distance_band(gap), 'missing', missing) as main
        from hit where own
        union all
        select 1000 + case data.distance_band(gap) when '0-5' then 0 when '5-15' then 1 else 2 end,
            json_build_object('operator', operator, 'pressure_class', pressure_class,
                'distance_band', data.distance_band(gap))
        from hit where not own
        group by operator, pressure_class, data.distance_band(gap)
    )
    select coalesce(json_agg(main order by place, main ->> 'operator', main ->> 'pressure_class'), '[]')
    from told);
end
$$;

-- Why: each rule once for the nearest of the asker's own mains of a class, and once for each other
-- operator and class, without numbers; then what is wrong with the records.
create function data.permit_reasons(hits jsonb, doubts text[], words jsonb, language text)
    returns json
    language plpgsql stable as
$$
begin
    return (
    with hit as (
        select * from jsonb_to_recordset(hits) as h(row_id bigint, operator text, pressure_class text,
            gap numeric, limit_m numeric, certainty text, own boolean)
    ), one as (
        select distinct on (row_id, own, case when not own then operator end) *
        from hit order by row_id, own, case when not own then operator end, gap
    ), told as (
        select data.permit_rank(r.verdict) as strength, own, gap,
            json_build_object('rule', r.rule, 'clause', r.clause, 'edition', r.edition,
                'verified', r.verified, 'text', r.text ->> language,
                'required_m', case when own then trim_scale(one.limit_m) end,
                'measured_m', case when own then trim_scale(gap) end,
                'margin_m', case when own then trim_scale(gap - one.limit_m) end,
                'verdict', r.verdict, 'operator', operator, 'pressure_class', one.pressure_class,
                'certainty', case when own then one.certainty end) as reason
        from one join data.rule_row r on r.id = one.row_id
        union all
        select data.permit_rank('unknown'), false, n, json_build_object('rule', doubt,
            'clause', null, 'edition', null, 'verified', null,
            'text', words -> language ->> ('reason_' || replace(doubt, '-', '_')),
            'required_m', null, 'measured_m', null, 'margin_m', null, 'verdict', 'unknown',
            'operator', null, 'pressure_class', null, 'certainty', null)
        from unnest(doubts) with ordinality as d(doubt, n)
    )
    -- The order of the others must not tell who is nearer.
    select coalesce(json_agg(reason order by strength desc, own desc, case when own then gap end,
        reason ->> 'rule', reason ->> 'operator', reason ->> 'pressure_class'), '[]')
    from told);
end
$$;

-- What to do, in the order of the rules, each measure once.
create function data.permit_measures(hits jsonb, language text) returns jsonb
    language plpgsql stable as
$$
begin
    return (
    select coalesce(jsonb_agg(measure order by strength desc, place), '[]')
    from (select m.measure, max(data.permit_rank(r.verdict)) as strength, min(m.place) as place
          from (select distinct row_id from jsonb_to_recordset(hits) as h(row_id bigint)) h
          join data.rule_row r on r.id = h.row_id
          cross join lateral jsonb_array_elements_text(coalesce(r.measures -> language, '[]'))
              with ordinality as m(measure, place)
          group by m.measure) said);
end
$$;

-- The one sentence to read out: what holds here, and who does what next. Whether another company's
-- main is met certainly or possibly would tell its distance, so it is always `may_reach`.
create function data.permit_sentence(
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

-- What else the reader must know: how the area was read, and what the records lack.
create function data.permit_notes(words jsonb, hits jsonb, ground geometry, facts jsonb) returns jsonb
    language plpgsql stable as
$$
begin
    return (
    select coalesce(jsonb_agg(data.filled(words ->> note, facts) order by n), '[]')
    from (values
        (1, 'note_point', st_dimension(ground) = 0),
        (2, 'note_buffer', (facts ->> 'buffer')::numeric > 0),
        (2, 'note_reading', (facts ->> 'reading')::numeric > 0),
        (3, 'note_class', exists (
            select from jsonb_to_recordset(hits) as h(pressure_class text)
            where h.pressure_class = 'unknown')),
        (4, 'note_diameter', exists (
            select from jsonb_to_recordset(hits) as h(own boolean, missing jsonb)
            where own and h.missing ? 'dn')),
        (5, 'note_accuracy', exists (
            select from jsonb_to_recordset(hits) as h(own boolean, accuracy_m numeric)
            where own and h.accuracy_m is null))
    ) as t(n, note, holds) where holds);
end
$$;

-- How far the area must go back so that none of the asker's own mains is met any more, rounded up
-- to the next centimetre. Null where another company's main is met, because that distance is not
-- the asker's to know, and where a main runs through the area, because a distance of 0 does not
-- tell how far it reaches beyond.
create function data.permit_move(hits jsonb) returns numeric
    language plpgsql immutable as
$$
begin
    return (
    select case when bool_or(not own or crossed) then null
                else coalesce(max(floor((control_m - gap + accuracy) * 100) + 1) / 100, 0) end
    from jsonb_to_recordset(hits) as h(own boolean, crossed boolean, gap numeric, accuracy numeric,
        control_m numeric));
end
$$;

revoke all on all functions in schema data from public;
