-- Whom a change concerns is found by one statement for each layer that changed, composed when the
-- rules turn: the database plans it once, and not a dozen anew in every step.

-- How far on the ground (m) a changed feature `m` of a layer can matter to features of another, apart
-- from how surely both are placed: from-item `reach` with a column m. What rules say alone is a number
-- in it. A main matters as far as it is asked about now: who is found by what it was, is known.
create function data.reach_sql(layer text, kind text, rule_ids bigint[]) returns text
    language sql stable as
$$
    select case
        when kind = 'pairs' then format($q$
cross join lateral (
    select max(greatest(q.limit_m, q.per_depth * %s))::double precision + max(k.edge_m) %s
           + 2 * data.point_radius() as m
    from data.main_piece k join data.main_rule q on q.profile_id = k.profile_id
    where k.main_id = m.feature_id and k.no = 1 and q.rule_id = any (%L::bigint[])
    offset 0) reach$q$,
            case when data.has_column(layer, 'depth_m')
                 then format('coalesce((select max(d.depth_m) from data.%I d), 0)::numeric', layer)
                 else '0' end,
            case when data.has_column(layer, 'od_mm')
                 then format('+ coalesce((select max(coalesce(w.od_mm, w.dn)) from data.%I w), 0) / 2000', layer)
                 else '' end, rule_ids)
        when kind = 'mains' then format($q$
cross join (
    select max(of.limit_m)::double precision
           + 2 * coalesce((select max(p.edge_m) from data.main_piece p where p.no = 1), 0) as m
    from unnest(%L::bigint[]) r(id)
    cross join lateral (select max(q.limit_m) as limit_m from data.main_rule q where q.rule_id = r.id) of
    offset 0) reach$q$, rule_ids)
        else format($q$
cross join (select %s + 2 * data.point_radius() as m offset 0) reach$q$, coalesce(
            case when kind = 'location'
                 then (select max((r.test #>> '{location,each_side_m}')::double precision)
                       from data.rule r where r.id = any (rule_ids))
                 else (select max(coalesce(w.limit_m, data.figure(w.figure)))
                       from data.rule_row w where w.rule_id = any (rule_ids)) end, 0)) end
$$;

-- Subjects of `layer` within reach of where a changed feature of `counterpart` was or is: `moved` of
-- data.concern_sql(). Mains are found by their pieces, for a class location those alone that are asked
-- for one; what is placed coarsely only where there is any.
create function data.near_sql(layer text, counterpart text, kind text, rule_ids bigint[]) returns text
    language sql stable as
$$
    select format($q$
select %1$L::text, s.id, %3$L::text, m.feature_id, m.xid
from moved m %5$s
cross join lateral (
    select f.%4$I as id from data.%2$I f
    where st_dwithin(f.geom, m.geom, data.plane_m(reach.m + m.around_m)) and coalesce(f.accuracy_m, 1) <= 2 %6$s
    offset 0) s
union
select %1$L::text, s.id, %3$L::text, m.feature_id, m.xid
from (select max(f.accuracy_m) as most from data.%2$I f where f.accuracy_m > 2) coarse
cross join moved m %5$s
cross join lateral (
    select f.%4$I as id from data.%2$I f
    where st_dwithin(f.geom, m.geom, data.plane_m(reach.m + m.around_m) + data.plane_m(coarse.most))
      and f.accuracy_m > 2 %6$s
    offset 0) s
where coarse.most is not null$q$,
        layer, case when layer = 'gas_pipelines' then 'main_piece' else layer end, counterpart,
        case when layer = 'gas_pipelines' then 'main_id' else 'id' end, data.reach_sql(layer, kind, rule_ids),
        case when kind = 'location' then format('and f.profile_id in ('
            'select q.profile_id from data.main_rule q where q.rule_id = any (%L::bigint[]))', rule_ids)
             else '' end)
$$;

-- Whoever looks in vain for one of `counterpart`, and to whom a changed one is nearer now than the
-- nearest that the finding names. Of very many changes not one by one: then all who look in vain.
create function data.absent_sql(family text, layer text, counterpart text) returns text
    language sql immutable as
$$
    select format($q$
select %2$L::text, f.subject_id, %3$L::text, n.feature_id, n.xid
from data.finding f
join data.finding_exact e on e.finding_id = f.id
join data.%2$I s on s.id = f.subject_id
cross join (select count(*) as changes from altered) many
left join lateral (
    select a.feature_id, a.xid from altered a
    where e.distance_m is null
       or st_dwithin(s.geom, a.new_geom, data.plane_m(e.distance_m::double precision + 1))
    limit 1) n on many.changes <= 200
where f.family = %1$L and f.layer = %2$L and (n.feature_id is not null or many.changes > 200)
$q$, family, layer, counterpart)
$$;

-- Fills data.again with whom the changes of one layer in data.change_seen concern: the changed
-- features themselves, the subjects of findings that name one of them, and the subjects within reach
-- of where one was or is. Lines are looked at in parts: a long one has a fat box.
-- `together`: what is judged together, as data.judged_together() says.
create function data.concern_sql(together jsonb, changed text) returns text
    language sql stable as
$$
    with looking as (
        select j.layer, j.kind, j.family, j.rule_ids
        from jsonb_to_recordset(together) j(family text, layer text, kind text, rule_ids bigint[],
                                            counterparts text[])
        where changed = any (j.counterparts)
    ), near as (
        -- rules of a kind together: the greatest of what they ask
        select l.layer, l.kind, array_agg(distinct i.id order by i.id) as rule_ids
        from looking l cross join lateral unnest(l.rule_ids) i(id) group by l.layer, l.kind
    ), part as (
        select 1 as n, '' as layer, format(
            'select %1$L::text, a.feature_id, %1$L::text, a.feature_id, a.xid from altered a', changed) as said
        union all
        select 2, '', format(
            'select f.layer, f.subject_id, %L::text, a.feature_id, a.xid'
            ' from altered a join data.finding f on f.main_id = a.feature_id', changed)
        where changed = 'gas_pipelines'
        union all
        select 3, '', format(
            'select f.layer, f.subject_id, %1$L::text, a.feature_id, a.xid from altered a'
            ' join data.finding_exact e on e.counterpart_layer = %1$L and e.counterpart_id = a.feature_id'
            ' join data.finding f on f.id = e.finding_id', changed)
        union all
        select 4, n.layer, data.near_sql(n.layer, changed, n.kind, n.rule_ids) from near n
        union all
        select distinct 5, l.layer, data.absent_sql(l.family, l.layer, changed)
        from looking l where l.kind = 'absence'
        union all
        -- a main's finding stands in the middle of its 500 m cell
        select 6, '', format(
            'select f.layer, f.subject_id, %L::text, a.feature_id, a.xid'
            ' from altered a join data.finding f on f.district_id = a.feature_id'
            ' or st_dwithin(st_setsrid(st_makepoint(f.x, f.y), data.working_srid()), a.old_geom, 400)'
            ' or st_dwithin(st_setsrid(st_makepoint(f.x, f.y), data.working_srid()), a.new_geom, 400)', changed)
        where changed = 'districts'
    )
    select format($q$
with altered as materialized (
    select c.feature_id, c.xid, c.old_geom, c.new_geom from data.change_seen c where c.layer = %L
)$q$, changed) || coalesce((select format($q$, moved as materialized (
    select a.feature_id, a.xid, part.geom,
           4 + coalesce((select t.accuracy_m from data.%I t where t.id = a.feature_id), 1) as around_m
    from altered a
    cross join lateral (values (a.old_geom), (nullif(a.new_geom, a.old_geom))) side(geom)
    cross join lateral (
        select st_subdivide(st_segmentize(side.geom, 60), 16) as geom where st_dimension(side.geom) = 1
        union all select side.geom where st_dimension(side.geom) <> 1) part
)$q$, changed) where exists (select from near)), '') || $q$
insert into data.again (layer, subject_id, cause_layer, cause_id, cause_xid)
$q$ || string_agg(p.said, E'\nunion\n' order by p.n, p.layer, p.said)
    from part p
$$;

-- One line a layer of which a change can concern somebody.
create function data.concerns() returns table (layer text, sql text)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    with together as materialized (
        select coalesce(jsonb_agg(to_jsonb(j)), '[]') as them from data.judged_together() j
    )
    select l.id, data.concern_sql(t.them, l.id) from data.layer l cross join together t order by l.id
$$;
comment on function data.concerns() is
    'The statements that fill data.again from data.change_seen, one for each layer that may have '
    'changed. They change with the rules and figures in force alone.';

drop function data.judge_again(jsonb), data.concern_near(text, text, double precision),
    data.concern_absent(text, text, text), data.reach_m(text, text, bigint[]);

-- Tables of the way, empty. Rows are deleted while they are few (a truncated table is a new file, and
-- new rows in the catalogue); what a long transaction elsewhere keeps from being cleaned is cut off.
create or replace function data.clear_step() returns void
    language plpgsql volatile as
$$
begin
    if greatest(pg_relation_size('data.again'), pg_relation_size('data.judged'),
                pg_relation_size('data.difference'), pg_relation_size('data.change_seen')) > 1048576 then
        truncate data.again, data.judged, data.difference, data.change_seen;
    else
        delete from data.again;
        delete from data.judged;
        delete from data.difference;
        delete from data.change_seen;
    end if;
end
$$;

-- How deep the deepest is, as how wide the widest.
select data.patch('data.index_layers()', jsonb_build_array(jsonb_build_array($w$
        if data.has_column(one.id, 'od_mm') then
$w$, $w$
        if data.has_column(one.id, 'depth_m') then
            execute format('create index if not exists %I on data.%I (depth_m)', one.id || '_deepest', one.id);
        end if;
        if data.has_column(one.id, 'od_mm') then
$w$)));
select data.index_layers();

revoke all on function data.reach_sql(text, text, bigint[]), data.near_sql(text, text, text, bigint[]),
    data.absent_sql(text, text, text), data.concern_sql(jsonb, text), data.concerns() from public;
grant execute on function data.reach_sql(text, text, bigint[]), data.near_sql(text, text, text, bigint[]),
    data.absent_sql(text, text, text), data.concern_sql(jsonb, text), data.concerns()
    to gridwarden_screen;
