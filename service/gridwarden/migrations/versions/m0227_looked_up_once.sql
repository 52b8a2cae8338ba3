-- What a step asks a dozen times is asked of a plan that is kept: an SQL function that its caller's
-- statement cannot take in is parsed and planned at every call.
create or replace function data.point_radius() returns double precision
    language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as
$$
begin
    return coalesce((select p.point_radius_m from data.rule_pack p where p.base and p.in_force), 0.0);
end
$$;

create or replace function data.packs_in_force() returns jsonb
    language plpgsql stable set search_path = pg_catalog, pg_temp as
$$
begin
    return (select coalesce(jsonb_object_agg(p.id, p.version), '{}') from data.rule_pack p where p.in_force);
end
$$;

-- Only what may be a line is looked at in parts: the planner takes parts for thousands, and made room
-- for a hundred thousand subjects to find the seven of one building.
select data.patch('data.concern_sql(jsonb, text)', jsonb_build_array(jsonb_build_array(
$w$    cross join lateral (
        select st_subdivide(st_segmentize(side.geom, 60), 16) as geom where st_dimension(side.geom) = 1
        union all select side.geom where st_dimension(side.geom) <> 1) part
)$q$, changed) where exists$w$,
$w$    cross join lateral (%s
        select side.geom where st_dimension(side.geom) <> 1) part
)$q$, changed, (
            select $q$
        select st_subdivide(st_segmentize(side.geom, 60), 16) as geom where st_dimension(side.geom) = 1
        union all$q$
            from pg_attribute a
            where a.attrelid = to_regclass(format('data.%I', changed)) and a.attname = 'geom'
              and postgis_typmod_type(a.atttypmod) !~ 'Polygon|Point')) where exists$w$)));

-- Whether a building is near another is asked again of both; how near to a main each is, of the one
-- that moved alone. A subject is judged again by the families on its layer that look at what changed:
-- by all of them where it changed itself, or where no cause stands beside it.
create or replace function data.statements_again()
    returns table (name text, family text, layer text, kind text, rule_ids bigint[], sql text)
    language sql stable as
$$
    with together as materialized (
        select * from data.judged_together()
    ), beside as materialized (
        select t.family, t.layer, array_agg(distinct k.layer order by k.layer) as layers
        from together t cross join lateral unnest(t.counterparts || 'districts'::text) k(layer)
        group by t.family, t.layer
    )
    select l.name, l.family, l.layer, l.kind, l.rule_ids, format(
        'with again_subject as materialized (select f.* from %s f where f.id in (%s)) select j.* from (%s) j',
        case when l.kind in ('pairs', 'mains', 'neighbours') then data.well_placed(l.layer)
             else format('data.%I', l.layer) end, a.ids,
        data.statement(l.kind || case when l.kind in ('pairs', 'mains', 'neighbours') then ' again' else '' end,
            l.family, l.layer, l.rule_ids, subjects => 'again_subject',
            pieces => data.well_placed('main_piece'),
            own_pieces => format('(select o.* from %s o where o.main_id in (%s))',
                                 data.well_placed('main_piece'), a.ids)))
    from together l
    join beside b on b.family = l.family and b.layer = l.layer
    cross join lateral (select format(
        'select a.subject_id from data.again a where a.layer = %1$L and (a.cause_layer is null'
        ' or a.cause_layer = any (%2$L::text[]) or a.cause_layer = a.layer and a.cause_id = a.subject_id)',
        l.layer, b.layers) as ids) a
$$;

-- Most of what is counted beside a main lies well within the width: no length on the ground is needed.
select data.patch('data.judging_template(text)', jsonb_build_array(jsonb_build_array(
$w$        and data.ground_m(b.geom, p.geom) <= r.side_m
$w$,
$w$        and (st_dwithin(b.geom, p.geom, r.side_m / 1.05) or data.ground_m(b.geom, p.geom) <= r.side_m)
$w$)));
