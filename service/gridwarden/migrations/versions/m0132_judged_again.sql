-- Whom a change concerns is judged again by itself, in one transaction a step; statements of over
-- 10,000 rows in slices.

---------------------------------------------------------------------------- what is judged together
-- One line a statement, in a steady order; rules whose figures the city has not set are left out.
create function data.judged_together()
    returns table (name text, family text, layer text, kind text, rule_ids bigint[], counterparts text[])
    language sql stable as
$$
    select coalesce(case when l.kind in ('absence', 'attribute', 'location') then l.rule end, l.family)
           || ' · ' || l.layer,
           l.family, l.layer, l.kind, l.rule_ids, l.counterparts
    from (
        select r.family, s.layer, k.kind, array_agg(r.id order by r.id) as rule_ids, min(r.rule) as rule,
               array_remove(array_agg(distinct coalesce(r.test #>> '{location,layer}', r.counterpart)), null)
                   as counterparts
        from data.rule r
        cross join lateral unnest(r.subjects) s(layer)
        cross join lateral (select case
            when r.kind in ('absence', 'attribute') then r.kind
            when r.test ? 'location' then 'location'
            when r.counterpart = 'gas_pipelines' and s.layer = 'gas_pipelines' then 'mains'
            when r.counterpart = 'gas_pipelines' then 'pairs'
            else 'neighbours' end as kind) k
        where r.in_force and data.unset_figures(r.id) = '{}'
        group by r.family, s.layer, k.kind,
                 case when k.kind = 'neighbours' then r.counterpart
                      when k.kind in ('absence', 'attribute', 'location') then r.id::text end
    ) l
    order by l.family, l.layer, l.kind,
             case when l.kind in ('absence', 'attribute', 'location') then l.rule end, l.rule_ids
$$;

create or replace function data.statements()
    returns table (name text, family text, layer text, kind text, rule_ids bigint[], sql text)
    language sql stable as
$$
    select l.name, l.family, l.layer, l.kind, l.rule_ids,
           data.statement(l.kind, l.family, l.layer, l.rule_ids,
               subjects => case when l.kind in ('pairs', 'mains', 'neighbours')
                                then data.well_placed(l.layer) end,
               pieces => data.well_placed('main_piece'), own_pieces => data.well_placed('main_piece'))
    from data.judged_together() l
$$;

-- The same, of the subjects in data.again alone.
create function data.statements_again()
    returns table (name text, family text, layer text, kind text, rule_ids bigint[], sql text)
    language sql stable as
$$
    select l.name, l.family, l.layer, l.kind, l.rule_ids, format(
        'with again_subject as materialized (select f.* from %s f where f.id in (%s)) select j.* from (%s) j',
        case when l.kind in ('pairs', 'mains', 'neighbours') then data.well_placed(l.layer)
             else format('data.%I', l.layer) end, a.ids,
        data.statement(l.kind || case when l.kind in ('pairs', 'mains', 'neighbours') then ' again' else '' end,
            l.family, l.layer, l.rule_ids, subjects => 'again_subject',
            pieces => data.well_placed('main_piece'),
            own_pieces => format('(select o.* from %s o where o.main_id in (%s))',
                                 data.well_placed('main_piece'), a.ids)))
    from data.judged_together() l
    cross join lateral (select format(
        'select a.subject_id from data.again a where a.layer = %L', l.layer) as ids) a
$$;

---------------------------------------------------------------------------- whom a change concerns
-- The changes of one step, with their places, while it runs.
alter table data.change_seen
    add old_geom geometry(Geometry, {srid}),
    add new_geom geometry(Geometry, {srid});
alter table data.change add stuck boolean not null default false;
comment on column data.change.stuck is
    'Judging this change alone failed: it waits for the next screening of all, others go on.';

-- Indexes that every layer's table has besides its own: what is placed coarsely, and how wide the
-- widest line is. Run after each upgrade, so that a new layer gets them, too.
create function data.index_layers() returns void
    language plpgsql set search_path = pg_catalog, pg_temp as
$$
declare
    one record;
begin
    for one in select l.id from data.layer l order by l.id loop
        execute format('create index if not exists %I on data.%I (accuracy_m) where accuracy_m > 2',
                       one.id || '_coarse', one.id);
        if data.has_column(one.id, 'od_mm') then
            execute format('create index if not exists %I on data.%I ((coalesce(od_mm, dn)))',
                           one.id || '_widest', one.id);
        end if;
    end loop;
end
$$;
create index main_piece_coarse on data.main_piece (accuracy_m) where accuracy_m > 2;
create index main_piece_edge on data.main_piece (edge_m) where no = 1;
create index main_rule_widest on data.main_rule (rule_id, limit_m);

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

-- For many subjects the planner must know how many. Nobody but the owner may analyse.
create function data.count_again() returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    n constant bigint := (select count(*) from data.again);
begin
    if n > 500 then
        analyze data.again;
    end if;
    return n;
end
$$;

-- Tables of the way, empty. Rows are deleted while they are few (a truncated table is a new file, and
-- new rows in the catalogue); what a long transaction elsewhere keeps from being cleaned is cut off.
create function data.clear_step() returns void
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

---------------------------------------------------------------------------- slices
-- Takes the next features of the oldest statement of over 10,000 rows (or dataset that is read
-- otherwise than before) into data.change_seen; ends its line in the queue with the last of them.
create function data.take_slice(features integer) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    one data.change;
    last_id bigint;
    n bigint;
begin
    select * into one from data.change c where c.bulk order by c.id limit 1 for update skip locked;
    if one.id is null then return null; end if;
    if one.dataset_id is not null then
        execute format($q$
            insert into data.change_seen (layer, feature_id, xid, rows, old_geom, new_geom)
            select %1$L, t.id, $1, 1, t.geom, t.geom from data.%1$I t
            where t.dataset_id = $2 and t.id > $3 order by t.id limit $4 $q$, one.layer)
            using one.xid, one.dataset_id, one.slice_after, features;
    else
        insert into data.change_seen (layer, feature_id, xid, rows, old_geom, new_geom)
        select one.layer, h.feature_id, one.xid, 1, was.geom, became.geom
        from (select distinct v.feature_id from data.history v
              where v.layer = one.layer and v.feature_id > one.slice_after
                and one.xid in (v.xid_from, v.xid_to)
              order by v.feature_id limit features) h
        left join lateral (
            select v.geom from data.history v
            where v.layer = one.layer and v.feature_id = h.feature_id and v.xid_to = one.xid
              and v.xid_from <> one.xid order by v.version limit 1) was on true
        left join lateral (
            select v.geom from data.history v
            where v.layer = one.layer and v.feature_id = h.feature_id and v.xid_from = one.xid
            order by v.version desc limit 1) became on true;
    end if;
    select count(*), max(c.feature_id) into n, last_id from data.change_seen c;
    if n < features then
        -- several statements of one transaction left a line each, of the same features
        delete from data.change c where c.bulk and c.layer = one.layer and c.xid = one.xid
            and c.dataset_id is not distinct from one.dataset_id;
    else
        update data.change c set slice_after = last_id where c.id = one.id;
    end if;
    return n;
end
$$;

-- A dataset that is read as Baidu's from now on, or no longer: no row of it need have changed.
create function data.read_otherwise() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as
$$
begin
    insert into data.change (layer, op, rows, bulk, dataset_id) values (new.layer, 'update', 0, true, new.id);
    return null;
end
$$;
create trigger read_otherwise after update of crs on data.dataset
    for each row when ((old.crs = 'bd09') is distinct from (new.crs = 'bd09') and old.version > 0)
    execute function data.read_otherwise();

---------------------------------------------------------------------------- waking the screener
create function data.wake_screener() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp as
$$
begin
    perform pg_notify('gridwarden_change', '');
    return null;
end
$$;
create trigger wake_screener after insert on data.change
    for each statement execute function data.wake_screener();

---------------------------------------------------------------------------- what the steps did
create table data.screen_step (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    changes bigint not null,
    slice boolean not null,
    subjects bigint not null,
    added bigint not null,
    changed bigint not null,
    ended bigint not null,
    lag_s double precision,
    seconds double precision not null
);
comment on table data.screen_step is
    'One row a step of the screener that saw something. `lag_s`: from the oldest change that it saw to '
    'its end; null for slices. Kept for a month.';
create index screen_step_at on data.screen_step (at);

create or replace view api.screened as
select greatest(t.screened_at, case when t.screened_at is not null then s.at end) as screened_at,
    exists (select from data.change)
        or t.screened_at is not null and l.packs is distinct from (
            select coalesce(jsonb_object_agg(p.id, p.version), '{}') from data.rule_pack p where p.in_force)
        as waiting,
    (select string_agg(p.id || '@' || p.version, ' ' order by p.base desc, p.id)
     from data.rule_pack p
     where case when l.packs is null then t.screened_at is not null and p.form = 'earlier'
                else l.packs ->> p.id = p.version end) as pack,
    (select max(d.published_at) from data.dataset d) as published_at
from (select max(j.finished_at) as screened_at from data.job j
      where j.kind = 'screen' and j.state = 'finished') t
left join (select s.packs_after as packs from data.screening s order by s.id desc limit 1) l on true
left join (select max(s.at) as at from data.screen_step s) s on true;

---------------------------------------------------------------------------- grants
revoke all on function data.judged_together(), data.statements_again(),
    data.index_layers(), data.reach_m(text, text, bigint[]),
    data.concern_near(text, text, double precision), data.concern_absent(text, text, text),
    data.judge_again(), data.count_again(), data.clear_step(), data.take_slice(integer),
    data.read_otherwise(), data.wake_screener() from public;
grant execute on function data.judged_together(), data.statements_again(),
    data.reach_m(text, text, bigint[]),
    data.concern_near(text, text, double precision), data.concern_absent(text, text, text),
    data.judge_again(), data.count_again(), data.clear_step(), data.take_slice(integer)
    to gridwarden_screen;
grant insert on data.change to gridwarden_screen;
grant select, insert, delete on data.screen_step to gridwarden_screen;

select data.index_layers();
