drop function data.concerns(), data.concern_sql(jsonb, text), data.absent_sql(text, text, text),
    data.near_sql(text, text, text, bigint[]), data.reach_sql(text, text, bigint[]);

-- How far on the ground (m) features of a layer can matter to those of another that change, apart
-- from how surely both are placed.
create function data.reach_m(layer text, kind text, rule_ids bigint[]) returns double precision
    language plpgsql stable as
$$
declare
    reach double precision;
    deepest numeric := 0;
    widest double precision := 0;
begin
    if kind in ('pairs', 'mains') then
        if data.has_column(layer, 'depth_m') then
            execute format('select coalesce(max(s.depth_m), 0) from data.%I s', layer) into deepest;
        end if;
        if data.has_column(layer, 'od_mm') then
            execute format('select coalesce(max(coalesce(s.od_mm, s.dn)), 0) / 2000 from data.%I s', layer)
                into widest;
        end if;
        select max(greatest(q.limit_m, q.per_depth * deepest)) into reach
            from unnest(rule_ids) r(id)
            cross join lateral (select max(m.limit_m) as limit_m, max(m.per_depth) as per_depth
                                from data.main_rule m where m.rule_id = r.id) q;
        reach := coalesce(reach, 0) + widest
            + 2 * coalesce((select max(p.edge_m) from data.main_piece p where p.no = 1), 0);
    elsif kind = 'location' then
        select max((r.test #>> '{location,each_side_m}')::double precision) into reach
            from data.rule r where r.id = any (rule_ids);
    else
        select max(coalesce(w.limit_m, data.figure(w.figure))) into reach
            from data.rule_row w where w.rule_id = any (rule_ids);
    end if;
    return coalesce(reach, 0) + 2 * data.point_radius();
end
$$;

-- Subjects within reach of where a changed feature of `counterpart` was or is. Lines are looked at
-- in parts (a long one has a fat box); mains are found by their pieces.
create function data.concern_near(layer text, counterpart text, reach_m double precision) returns void
    language plpgsql volatile as
$$
declare
    relation constant text := case when layer = 'gas_pipelines' then 'main_piece' else layer end;
    coarse_m double precision;
begin
    execute format('select max(s.accuracy_m) from data.%I s where s.accuracy_m > 2', relation) into coarse_m;
    execute format($q$
        with moved as materialized (
            select c.feature_id, c.xid, part.geom, data.plane_m($1 + 4 + coalesce(
                       (select t.accuracy_m from data.%3$I t where t.id = c.feature_id), 1)) as reach
            from data.change_seen c
            cross join lateral (values (c.old_geom), (nullif(c.new_geom, c.old_geom))) side(geom)
            cross join lateral (
                select st_subdivide(st_segmentize(side.geom, 60), 16) as geom where st_dimension(side.geom) = 1
                union all select side.geom where st_dimension(side.geom) <> 1) part
            where c.layer = %3$L
        )
        insert into data.again (layer, subject_id, cause_layer, cause_id, cause_xid)
        select %1$L, s.id, %3$L, m.feature_id, m.xid
        from moved m
        cross join lateral (select s.%4$I as id from data.%2$I s
                            where st_dwithin(s.geom, m.geom, m.reach) and coalesce(s.accuracy_m, 1) <= 2 offset 0) s
        union
        select %1$L, s.id, %3$L, m.feature_id, m.xid
        from moved m
        cross join lateral (select s.%4$I as id from data.%2$I s
                            where st_dwithin(s.geom, m.geom, m.reach + data.plane_m($2)) and s.accuracy_m > 2 offset 0) s
        where $2 is not null
        $q$, layer, relation, counterpart, case when layer = 'gas_pipelines' then 'main_id' else 'id' end)
        using reach_m, coarse_m;
end
$$;

-- Whoever looks in vain for one of `counterpart`, and to whom a changed one is nearer now than the
-- nearest that the finding names. Of very many changes not one by one: then all who look in vain.
create function data.concern_absent(family text, layer text, counterpart text) returns void
    language plpgsql volatile as
$$
begin
    execute format($q$
        insert into data.again (layer, subject_id, cause_layer, cause_id, cause_xid)
        select %1$L, f.subject_id, %2$L, c.feature_id, c.xid
        from data.finding f
        join data.finding_exact e on e.finding_id = f.id
        join data.%1$I s on s.id = f.subject_id
        left join lateral (
            select n.feature_id, n.xid from data.change_seen n
            where n.layer = %2$L and (e.distance_m is null
                or st_dwithin(s.geom, n.new_geom, data.plane_m(e.distance_m::double precision + 1)))
            limit 1) c on $2 <= 200
        where f.family = $1 and f.layer = %1$L and (c.feature_id is not null or $2 > 200)
        $q$, layer, counterpart)
        using family, (select count(*) from data.change_seen n where n.layer = counterpart);
end
$$;

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

create or replace function data.clear_step() returns void
    language plpgsql volatile as
$$
declare
    one text;
begin
    foreach one in array array['again', 'judged', 'difference', 'change_seen'] loop
        if pg_relation_size(format('data.%I', one)::regclass) > 1048576 then
            execute format('truncate data.%I', one);
        else
            execute format('delete from data.%I', one);
        end if;
    end loop;
end
$$;

revoke all on function data.reach_m(text, text, bigint[]),
    data.concern_near(text, text, double precision), data.concern_absent(text, text, text) from public;
grant execute on function data.reach_m(text, text, bigint[]),
    data.concern_near(text, text, double precision), data.concern_absent(text, text, text)
    to gridwarden_screen;

select data.patch('data.index_layers()', jsonb_build_array(jsonb_build_array($w$
        if data.has_column(one.id, 'depth_m') then
            execute format('create index if not exists %I on data.%I (depth_m)', one.id || '_deepest', one.id);
        end if;
        if data.has_column(one.id, 'od_mm') then
$w$, $w$
        if data.has_column(one.id, 'od_mm') then
$w$)));
do $$
declare
    one record;
begin
    for one in select l.id from data.layer l loop
        execute format('drop index if exists data.%I', one.id || '_deepest');
    end loop;
end
$$;
