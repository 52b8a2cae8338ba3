drop function data.judge_again(jsonb);
-- Fills data.again from data.change_seen: the changed features themselves, the subjects of findings
-- that name one of them, and the subjects within reach of where one was or is.
create function data.judge_again() returns void
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
        select j.layer, k.counterpart, max(data.reach_m(j.layer, j.kind, j.rule_ids)) as reach_m
        from data.judged_together() j cross join lateral unnest(j.counterparts) k(counterpart)
        where k.counterpart in (select c.layer from data.change_seen c)
        group by j.layer, k.counterpart
    loop
        perform data.concern_near(one.layer, one.counterpart, one.reach_m);
    end loop;
    for one in
        select distinct j.family, j.layer, k.counterpart
        from data.judged_together() j cross join lateral unnest(j.counterparts) k(counterpart)
        where j.kind = 'absence' and k.counterpart in (select c.layer from data.change_seen c)
    loop
        perform data.concern_absent(one.family, one.layer, one.counterpart);
    end loop;
end
$$;

revoke all on function data.judge_again() from public;
grant execute on function data.judge_again() to gridwarden_screen;

drop index data.main_rule_deepest;
do $patch$
declare
    body constant text := pg_get_functiondef(
        'data.statement(text, text, text, bigint[], text, text, text, text, text)'::regprocedure);
    begins constant integer := position($b$    said := replace(said, '{{reach}}'$b$ in body);
    ends constant integer := position($e$    said := replace(said, '{{judged}}'$e$ in body);
begin
    execute left(body, begins - 1) || substr(body, ends);
end
$patch$;

select data.patch('data.judging_template(text)', jsonb_build_array(
    jsonb_build_array('q.profile_id = k.profile_id', 'q.profile_id is not distinct from k.profile_id')));

select data.patch('data.template_beside_mains(text)', jsonb_build_array(
    jsonb_build_array('join asked q on q.profile_id = d.profile_id',
                      'join asked q on q.profile_id is not distinct from d.profile_id'),
    jsonb_build_array('{{reach}}',
$w$    select q.profile_id,
           data.plane_m(max(greatest(q.limit_m, q.per_depth * d.m))::double precision) as limit_m
    from asked q cross join deepest d group by q.profile_id
$w$)));

select data.patch('data.candidates(text)', jsonb_build_array(
    jsonb_build_array(
$w$    cross join {{pieces}} p
    join reach r on r.profile_id = p.profile_id
$w$,
$w$    cross join {{pieces}} p
    cross join lateral (
        select c.limit_m from reach c where c.profile_id is not distinct from p.profile_id offset 0) r
$w$)));
drop function data.patch(regprocedure, jsonb);
