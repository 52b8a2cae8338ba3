-- Whom to call: the operators of the mains that are met; else those that surveyed the ground; for
-- ground that cannot be judged every gas company, because the main may be anybody's.
create or replace function data.permit_contacts(
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
        where verdict in ('unknown', 'clear') and st_dwithin(c.geom, ground, data.plane_m(wide))
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

-- The asker's own mains in full, the others by operator, class and band. Room and way back are
-- distances: the asker's own mains' alone.
create or replace function data.permit_mains(hits jsonb) returns json
    language plpgsql stable as
$$
begin
    return (
    with hit as (
        select * from jsonb_to_recordset(hits) as h(id bigint, code text, operator text,
            pressure_class text, gap numeric, accuracy_m numeric, certainty text, verdict text,
            own boolean, missing jsonb, room_m numeric, back_m numeric)
    ), told as (
        select gap as place, json_build_object('id', id, 'code', code, 'operator', operator,
            'pressure_class', pressure_class, 'distance_m', trim_scale(gap),
            'accuracy_m', accuracy_m, 'certainty', coalesce(certainty, 'possible'),
            'distance_band', data.distance_band(gap), 'missing', missing, 'verdict', verdict,
            'room_m', trim_scale(room_m), 'back_m', trim_scale(back_m)) as main
        from hit where own
        union all
        select 1000 + case data.distance_band(gap) when '0-5' then 0 when '5-15' then 1
                      when '15-50' then 2 else 3 end,
            json_build_object('operator', operator, 'pressure_class', pressure_class,
                'distance_band', data.distance_band(gap))
        from hit where not own
        group by operator, pressure_class, data.distance_band(gap)
    )
    select coalesce(json_agg(main order by place, main ->> 'operator', main ->> 'pressure_class'), '[]')
    from told);
end
$$;

-- Why: every rule that is met, once for the nearest of the asker's own mains that it judges alike,
-- and of each pack the strongest for each other operator, without numbers, because each further
-- range that is named narrows where that main is; then what is wrong with the records.
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

-- What to do, in the order of the rules, each measure once. Of other companies' mains those of the
-- reasons that are told.
create or replace function data.permit_measures(hits jsonb, language text) returns jsonb
    language plpgsql stable as
$$
begin
    return (
    select coalesce(jsonb_agg(measure order by strength desc, place), '[]')
    from (select m.measure, max(h.strength) as strength, min(m.place) as place
          from (select b.rule_id, max(b.strength) as strength
                from jsonb_to_recordset(hits) as h(own boolean, met jsonb)
                cross join jsonb_to_recordset(h.met)
                    as b(rule_id bigint, strength integer, top boolean)
                where h.own or b.top group by b.rule_id) h
          join data.rule r on r.id = h.rule_id
          cross join lateral jsonb_array_elements_text(coalesce(r.measures -> language, '[]'))
              with ordinality as m(measure, place)
          group by m.measure) said);
end
$$;

-- What else the reader must know: how the area was read, and what the records lack.
create or replace function data.permit_notes(words jsonb, hits jsonb, ground geometry, facts jsonb)
    returns jsonb
    language plpgsql stable as
$$
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
$$;

-- How far the area must go back so that none of the asker's own mains is met any more, rounded up
-- to the next centimetre. Null where another company's main is met, because that distance is not
-- the asker's to know, where a main runs through the area, because a distance of 0 does not tell
-- how far it reaches beyond, and where no rule says how far.
create or replace function data.permit_move(hits jsonb) returns numeric
    language plpgsql immutable as
$$
begin
    return (
    select case when bool_or(not own or crossed or out_m is null) then null
                else coalesce(trim_scale(max(out_m)), 0) end
    from jsonb_to_recordset(hits) as h(own boolean, crossed boolean, out_m numeric));
end
$$;

revoke all on function data.permit_coverage(geometry, double precision, double precision),
    data.permit_judged(geometry, double precision, double precision, text, numeric),
    data.permit_reach(text, numeric), data.permit_reach_worked_out(text),
    data.permit_hits(geometry, double precision, double precision, text, numeric, double precision)
    from public;
