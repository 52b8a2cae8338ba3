-- What a rule asks of a main is joined by the main's profile, as sets are: looked up one by one, every
-- piece of a main was compared with every profile. For a few subjects neither is read as a whole.
create function data.patch(signature regprocedure, steps jsonb) returns void
    language plpgsql as
$$
declare
    body text := pg_get_functiondef(signature);
    step record;
begin
    for step in select s.v ->> 0 as was, s.v ->> 1 as becomes from jsonb_array_elements(steps) s(v) loop
        if position(step.was in body) = 0 then
            raise exception '% is not the function that this changes', signature;
        end if;
        body := replace(body, step.was, step.becomes);
    end loop;
    execute body;
end
$$;
comment on function data.patch(regprocedure, jsonb) is
    'For migrations: [[was, becomes] …] in a function''s text; raises where one is not there.';
revoke all on function data.patch(regprocedure, jsonb) from public;

select data.patch('data.candidates(text)', jsonb_build_array(
    jsonb_build_array(
$w$    cross join {{pieces}} p
    cross join lateral (
        select c.limit_m from reach c where c.profile_id is not distinct from p.profile_id offset 0) r
$w$,
$w$    cross join {{pieces}} p
    join reach r on r.profile_id = p.profile_id
$w$)));

select data.patch('data.template_beside_mains(text)', jsonb_build_array(
    jsonb_build_array('join asked q on q.profile_id is not distinct from d.profile_id',
                      'join asked q on q.profile_id = d.profile_id'),
    jsonb_build_array(
$w$    select q.profile_id,
           data.plane_m(max(greatest(q.limit_m, q.per_depth * d.m))::double precision) as limit_m
    from asked q cross join deepest d group by q.profile_id
$w$, '{{reach}}')));

select data.patch('data.judging_template(text)', jsonb_build_array(
    jsonb_build_array('q.profile_id is not distinct from k.profile_id', 'q.profile_id = k.profile_id')));

-- How far mains of each profile are looked for; for a few subjects how far any is, by the index.
select data.patch('data.statement(text, text, text, bigint[], text, text, text, text, text)', jsonb_build_array(
    jsonb_build_array(
$w$    said := replace(said, '{{judged}}', data.judging_template('judged'));
$w$,
$w$    said := replace(said, '{{reach}}', case when statement.kind like '% again' then
$r$    select data.plane_m(max(greatest(q.limit_m, q.per_depth * d.m))::double precision) as limit_m
    from deepest d cross join unnest({{rules}}) of(id)
    cross join lateral (select max(m.limit_m) as limit_m, max(m.per_depth) as per_depth
                        from {{asked}} m where m.rule_id = of.id) q
$r$ else
$r$    select q.profile_id,
           data.plane_m(max(greatest(q.limit_m, q.per_depth * d.m))::double precision) as limit_m
    from asked q cross join deepest d group by q.profile_id
$r$ end);
    if statement.kind like '% again' then
        said := replace(said, 'asked as materialized', 'asked as not materialized');
    end if;
    said := replace(said, '{{judged}}', data.judging_template('judged'));
$w$)));
create index main_rule_deepest on data.main_rule (rule_id, per_depth);

-- The screener hands on what is judged together, which changes with the rules alone.
drop function data.judge_again();
create function data.judge_again(together jsonb) returns void
    language plpgsql volatile as
$$
declare
    one record;
begin
    insert into data.again (layer, subject_id, cause_layer, cause_id, cause_xid)
    select c.layer, c.feature_id, c.layer, c.feature_id, c.xid from data.change_seen c
    union
    select f.layer, f.subject_id, c.layer, c.feature_id, c.xid
    from data.change_seen c join data.finding f on f.main_id = c.feature_id
    where c.layer = 'gas_pipelines'
    union
    select f.layer, f.subject_id, c.layer, c.feature_id, c.xid
    from data.change_seen c
    join data.finding_exact e on e.counterpart_layer = c.layer and e.counterpart_id = c.feature_id
    join data.finding f on f.id = e.finding_id;
    if exists (select from data.change_seen c where c.layer = 'districts') then
        -- a main's finding stands in the middle of its 500 m cell
        insert into data.again (layer, subject_id, cause_layer, cause_id, cause_xid)
        select f.layer, f.subject_id, c.layer, c.feature_id, c.xid
        from data.change_seen c
        join data.finding f on f.district_id = c.feature_id
            or st_dwithin(st_setsrid(st_makepoint(f.x, f.y), data.working_srid()), c.old_geom, 400)
            or st_dwithin(st_setsrid(st_makepoint(f.x, f.y), data.working_srid()), c.new_geom, 400)
        where c.layer = 'districts';
    end if;
    for one in
        select j.layer, k.counterpart, max(data.reach_m(j.layer, j.kind, j.rule_ids)) as reach_m,
               array_agg(distinct j.family) filter (where j.kind = 'absence') as absent
        from jsonb_to_recordset(together) j(family text, layer text, kind text, rule_ids bigint[],
                                            counterparts text[])
        cross join lateral unnest(j.counterparts) k(counterpart)
        where k.counterpart in (select c.layer from data.change_seen c)
        group by j.layer, k.counterpart
    loop
        perform data.concern_near(one.layer, one.counterpart, one.reach_m);
        perform data.concern_absent(a.family, one.layer, one.counterpart)
            from unnest(one.absent) a(family);
    end loop;
end
$$;
comment on function data.judge_again(jsonb) is
    'Fills data.again from data.change_seen: the changed features themselves, the subjects of findings '
    'that name one of them, and the subjects within reach of where one was or is.';
revoke all on function data.judge_again(jsonb) from public;
grant execute on function data.judge_again(jsonb) to gridwarden_screen;
