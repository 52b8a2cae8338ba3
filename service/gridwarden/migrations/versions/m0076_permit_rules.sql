-- Permit checks by what the rules in force ask of each look of a main (data.main_rule): every pack
-- that has a say, the depth of the work, the network of the main. What leaves data.permit_* is as
-- before: counts, names and the asker's own mains.

drop function data.permit_hits(geometry, double precision, double precision, text);

create index main_rule_work on data.main_rule (method, profile_id) where kind = 'activity';
create index main_rule_work_widest on data.main_rule (method, limit_m) where kind = 'activity';
create index rule_work on data.rule (id) where in_force and kind = 'activity';
create index rule_row_method on data.rule_row (method, rule_id) where method is not null;

---------------------------------------------------------------------------- what would be met
-- How far the rules in force reach for a method and a depth (metres, null where it is not known):
-- the widest range of any main that there may be, on record or not; null without a rule. `packs`
-- are those that have one.
create function data.permit_reach(method text, depth_m numeric, out packs text, out reach double precision)
    language plpgsql stable as
$$
begin
    select string_agg(p.pack, ', ' order by p.pack),
           greatest(max(p.limit_m), max(p.per_depth) * permit_reach.depth_m,
               case when bool_or(p.worked_out)
                    then data.permit_reach_worked_out(permit_reach.method) end)
        into packs, reach
        from (select r.pack || '@' || r.version as pack, max(w.limit_m) as limit_m,
                     max(w.per_depth) as per_depth,
                     bool_or(w.figure is not null or w.points is not null or w.formula is not null)
                         as worked_out
              from data.rule r
              join data.rule_row w on w.rule_id = r.id and w.method = permit_reach.method
                  and (w.figure is null or data.figure(w.figure) is not null)
              where r.in_force and r.kind = 'activity' group by 1) p;
end
$$;

-- Every main, of whatever operator, that this work comes within a range of: a JSON array, nearest
-- first. `ground` in the working CRS; `wide` is how many metres the ground reaches beyond its
-- geometry (buffer, 3 m for a point), `read_m` how accurately its coordinates could be read (95 %,
-- metres; 0 within one datum), `depth_m` the depth of the work: one that is not known counts as the
-- deepest where bands tell depths apart, and adds nothing to a range that grows with it.
--
-- gap: metres from the main's outer edge, rounded to 0.1 mm; the end of a range is in it. `met` are
-- the rules that are met at least possibly, `verdict` the strongest of them. `slack` is what is left
-- to the end of a range after accuracy is taken off, below zero for a range that is met.
-- room_m: how far the ground may come nearer before the verdict for this main gets stricter.
-- back_m, out_m: how far it must go back before that gets milder, and before nothing is met. Null
-- where nothing is stricter, and where the main runs through the ground: 0 does not tell how far.
-- A main that no rule in force judges is there with the verdict `unknown`: nobody can say `clear`.
create function data.permit_hits(ground geometry, wide double precision, read_m double precision,
    method text, depth_m numeric, reach double precision) returns jsonb
    language plpgsql stable as
$$
begin
    return (
    with near as materialized (
        select distinct on (p.main_id) p.main_id, p.profile_id, p.pressure_class, p.edge_m,
               p.accuracy_m, p.missing, data.joint_accuracy(p.accuracy_m, read_m) as accuracy
        from data.main_piece p
        where st_dwithin(p.geom, ground, data.plane_m(wide + read_m + reach
            + (select max(w.edge_m + coalesce(w.accuracy_m, 1)) from data.main_piece w)))
        order by p.main_id
    ), asked as materialized (
        select a.profile_id, a.rule_id, a.row_id, a.verdict, a.over_m, a.capped, a.missing,
               data.permit_rank(a.verdict) as strength, r.pack,
               r.measured_from = 'centreline' as from_centre,
               greatest(a.limit_m, a.per_depth * permit_hits.depth_m) as range_m
        from (select a.*, coalesce(a.depth_upto_m, 1e9) as bottom_m,
                     max(coalesce(a.depth_upto_m, 1e9)) over (partition by a.profile_id, a.rule_id) as deepest_m
              from (select distinct profile_id from near) look
              join data.main_rule a on a.profile_id = look.profile_id
                  and a.kind = 'activity' and a.method = permit_hits.method) a
        join data.rule r on r.id = a.rule_id
        where case when permit_hits.depth_m is null then a.bottom_m = a.deepest_m
                   else coalesce(permit_hits.depth_m > a.depth_over_m, true)
                        and coalesce(permit_hits.depth_m <= a.depth_upto_m, true) end
    ), met as materialized (
        select m.id, m.version, m.code, coalesce(m.operator, o.name) as operator, m.org_id,
               n.profile_id, n.pressure_class, n.missing, n.accuracy_m, n.edge_m, m.geom,
               api.role() = 'utility' and api.my_org(m.org_id) as own, d.m as away, d.m = 0 as crossed,
               round((d.m - n.edge_m - wide)::numeric, 4) as gap, n.accuracy, look.judged,
               coalesce(m.survey_date, m.source_date) as dated
        from near n
        join data.gas_pipelines m on m.id = n.main_id
        left join data.organisations o on o.id = m.org_id
        left join (select profile_id, max(range_m) as range_m, true as judged from asked group by 1) look
            on look.profile_id = n.profile_id
        -- the plane's distance is cheap, and leaves out all but the mains whose own ranges reach here
        cross join lateral (select case when st_dwithin(m.geom, ground, data.plane_m(wide + n.edge_m
            + (n.accuracy + coalesce(look.range_m, reach::numeric))::double precision))
            then data.ground_m(m.geom, ground) end offset 0) d(m)
        where d.m is not null
    ), judged as (
        select m.id, a.rule_id, a.row_id, a.pack, a.strength, a.range_m, a.missing, m.crossed, c.gap, c.gap - m.accuracy - a.range_m as slack,
               case when a.over_m is not null and c.gap + m.accuracy <= a.over_m then null
                    when m.accuracy_m is null or cardinality(m.missing) > 0 or a.capped
                      or a.over_m is not null and c.gap - m.accuracy <= a.over_m
                    then replace(j.certainty, 'certain', 'possible')
                    when j.certainty = 'possible' and m.crossed and data.runs_through(ground, m.geom,
                             m.accuracy - case when a.from_centre then 0 else m.edge_m end
                             - a.range_m - wide)
                    then 'certain' else j.certainty end as certainty
        from met m
        join asked a on a.profile_id = m.profile_id
        cross join lateral (select case when a.from_centre
            then round((m.away - wide)::numeric, 4) else m.gap end) c(gap)
        cross join lateral (select data.judge(c.gap, m.accuracy, a.range_m, true)) j(certainty)
    ), ranked as (
        select j.*, max(strength) filter (where certainty is not null) over main as strongest,
               strength = max(strength) filter (where certainty is not null)
                   over (partition by id, pack) as top
        from judged j
        window main as (partition by id)
    ), told as (
        select j.id, j.strongest as strength,
               jsonb_agg(jsonb_build_object('rule_id', j.rule_id, 'row_id', j.row_id, 'pack', j.pack,
                   'strength', j.strength, 'gap', j.gap, 'limit_m', j.range_m, 'certainty', j.certainty, 'top', j.top))
                   filter (where j.certainty is not null) as met,
               min(j.certainty) filter (where j.strength = j.strongest) as certainty,
               (ceil(min(j.slack) filter (where j.strength > j.strongest and j.slack > 0) * 100) - 1)
                   / 100 as room_m,
               case when not bool_or(j.crossed) then (floor(max(-j.slack)
                   filter (where j.strength = j.strongest and j.certainty is not null) * 100) + 1)
                   / 100 end as back_m,
               case when not bool_or(j.crossed) then (floor(max(-j.slack)
                   filter (where j.certainty is not null) * 100) + 1) / 100 end as out_m
        from ranked j where j.strongest is not null
        group by j.id, j.strongest
    )
    select coalesce(jsonb_agg(to_jsonb(h) order by h.gap, h.id), '[]')
    from (
        select m.id, m.version, m.code, m.operator, m.org_id, m.pressure_class, m.accuracy_m, m.own,
               m.crossed, m.gap, m.accuracy, m.dated, t.met, t.certainty, t.room_m, t.back_m, t.out_m,
               array(select distinct x from unnest(m.missing || coalesce(u.missing, '{}')) x order by x)
                   as missing,
               coalesce((array['clear', 'unknown', 'notify', 'protection_plan', 'prohibited'])[t.strength],
                   'unknown') as verdict
        from met m
        left join told t on t.id = m.id
        left join lateral (
            select array_agg(x) as missing from judged j cross join unnest(j.missing) x
            where j.id = m.id and j.certainty is not null and cardinality(j.missing) > 0) u on true
        where t.id is not null
           or m.judged is null and m.gap - m.accuracy <= reach) h);
end
$$;

-- The widest range that is not a plain number of a table: a city's figure, the end of an
-- interpolation, or what a formula gives for a main on record.
create function data.permit_reach_worked_out(method text) returns numeric
    language sql stable as
$$
    select greatest(
        (select max(coalesce(data.figure(w.figure),
                    (select max((p ->> 1)::numeric) from jsonb_array_elements(w.points) p)))
         from data.rule_row w join data.rule r on r.id = w.rule_id
         where w.method = permit_reach_worked_out.method and r.in_force),
        (select max(a.limit_m) from data.main_rule a
         where a.kind = 'activity' and a.method = permit_reach_worked_out.method))
$$;

-- Whether the ground, and all that may lie within `reach` of it on the ground, is on record: the
-- quick answer, where one survey that is kept up holds all of it; else whatever several surveys say
-- together.
alter function data.permit_coverage(geometry, double precision, double precision)
    rename to permit_coverage_in_parts;
create function data.permit_coverage(ground geometry, wide double precision, reach double precision)
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

-- The verdict with all that it rests on: the strongest of what is met, and `unknown` where rules or
-- records do not tell.
create function data.permit_judged(ground geometry, wide double precision, read_m double precision,
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

---------------------------------------------------------------------------- the reader
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
