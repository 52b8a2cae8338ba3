-- What a proposal would mean to others that look for one of its kind: a shed that is put up or moved
-- ends the want of the estates around it, or begins one where it stood.

-- {"ends": [findings of today], "begins": [features that would be found]}, of the absence rules that
-- look for features of this layer, as the caller may see them.
create function data.what_if_relief(proposed text, proposal jsonb, replaced bigint) returns jsonb
    language plpgsql stable as
$$
declare
    one record;
    there constant geometry := (proposal ->> 'geom')::geometry;
    before geometry;
    reach_m double precision;
    part jsonb;
    ends jsonb := '[]';
    begins jsonb := '[]';
begin
    if replaced is not null then
        execute format('select t.geom from data.%I t where t.id = $1', proposed) into before using replaced;
    end if;
    for one in
        select s.family, s.layer, s.rule_ids, s.sql, max(coalesce(w.limit_m, data.figure(w.figure))) as limit_m
        from data.statements() s
        join data.rule r on r.id = s.rule_ids[1] join data.rule_row w on w.rule_id = r.id
        where s.kind = 'absence' and r.counterpart = proposed and s.layer <> proposed
        group by 1, 2, 3, 4
    loop
        execute format('select coalesce(max(t.accuracy_m), 1) from data.%I t', one.layer) into reach_m;
        reach_m := data.plane_m(one.limit_m::double precision + reach_m
            + coalesce((proposal ->> 'accuracy_m')::double precision, 1) + 10);
        execute format($q$
            with near as materialized (
                select s.* from data.%1$I s where st_dwithin(s.geom, $2, $4) or st_dwithin(s.geom, $3, $4)
            ), counted as materialized (
                select c.* from data.%2$I c
                where c.id is distinct from $5
                  and exists (select from near n where st_dwithin(n.geom, c.geom, $4))
                union all select p.* from jsonb_populate_record(null::data.%2$I, $1) p
            ), judged as materialized (%3$s)
            select jsonb_build_object(
                'ends', (select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'family', f.family,
                            'layer', f.layer, 'severity', f.severity, 'certainty', f.certainty,
                            'rule', e.rule, 'clause', e.clause, 'edition', e.edition,
                            'verified', e.verified, 'distance_m', e.distance_m,
                            'required_m', e.required_m, 'distance_band', f.distance_band,
                            'counterpart', data.what_if_feature(f.layer, f.subject_id)) order by f.id), '[]')
                    from data.finding d join api.finding f on f.id = d.id
                    left join api.finding_exact e on e.finding_id = d.id
                    where d.family = %4$L and d.layer = %1$L and d.subject_id in (select n.id from near n)
                      and not exists (select from judged j where j.subject_id = d.subject_id)),
                'begins', (select coalesce(jsonb_agg(jsonb_build_object('family', j.family,
                            'layer', j.layer, 'severity', j.severity, 'certainty', j.certainty,
                            'rule', j.rule, 'clause', j.clause, 'edition', j.edition,
                            'verified', j.verified, 'distance_m', j.distance_m,
                            'required_m', j.required_m,
                            'counterpart', data.what_if_feature(j.layer, j.subject_id)) order by j.subject_id), '[]')
                    from judged j
                    where not exists (select from data.finding d
                                      where d.family = j.family and d.layer = j.layer
                                        and d.subject_id = j.subject_id)))
            $q$, one.layer, proposed,
            -- the statement of a screen, told to read what is near in the place of the two layers
            replace(replace(one.sql, format('data.%I s', one.layer), 'near s'),
                    format('data.%I c', proposed), 'counted c'),
            one.family)
            into part using proposal, there, coalesce(before, there), reach_m, replaced;
        ends := ends || (part -> 'ends');
        begins := begins || (part -> 'begins');
    end loop;
    return jsonb_build_object('ends', ends, 'begins', begins);
end
$$;

do $patch$
declare
    body text := pg_get_functiondef('api.what_if(text, jsonb, bigint)'::regprocedure);
    step record;
begin
    for step in select * from (values
        ('    near jsonb;', '    near jsonb;
    relief jsonb;'),
        ('    near := data.what_if_others(', '    relief := data.what_if_relief(what_if.layer, proposal, replaces);
    near := data.what_if_others('),
        ('then data.what_if_ends(what_if.layer, replaces, judged) else ''[]'' end,',
         'then data.what_if_ends(what_if.layer, replaces, judged) else ''[]'' end || (relief -> ''ends''),
        ''begins'', relief -> ''begins'',')
    ) t(was, becomes) loop
        if position(step.was in body) = 0 then
            raise exception 'api.what_if is not the one that this changes';
        end if;
        body := replace(body, step.was, step.becomes);
    end loop;
    execute body;
end
$patch$;

revoke all on function data.what_if_relief(text, jsonb, bigint) from public;
