select data.patch('data.judging_template(text)', jsonb_build_array(jsonb_build_array(
$w$        and (st_dwithin(b.geom, p.geom, r.side_m / 1.05) or data.ground_m(b.geom, p.geom) <= r.side_m)
$w$,
$w$        and data.ground_m(b.geom, p.geom) <= r.side_m
$w$)));

create or replace function data.statements_again()
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

select data.patch('data.concern_sql(jsonb, text)', jsonb_build_array(jsonb_build_array(
$w$    cross join lateral (%s
        select side.geom where st_dimension(side.geom) <> 1) part
)$q$, changed, (
            select $q$
        select st_subdivide(st_segmentize(side.geom, 60), 16) as geom where st_dimension(side.geom) = 1
        union all$q$
            from pg_attribute a
            where a.attrelid = to_regclass(format('data.%I', changed)) and a.attname = 'geom'
              and postgis_typmod_type(a.atttypmod) !~ 'Polygon|Point')) where exists$w$,
$w$    cross join lateral (
        select st_subdivide(st_segmentize(side.geom, 60), 16) as geom where st_dimension(side.geom) = 1
        union all select side.geom where st_dimension(side.geom) <> 1) part
)$q$, changed) where exists$w$)));

create or replace function data.packs_in_force() returns jsonb
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select coalesce(jsonb_object_agg(p.id, p.version), '{}') from data.rule_pack p where p.in_force
$$;

create or replace function data.point_radius() returns double precision
    language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$ select coalesce((select p.point_radius_m from data.rule_pack p where p.base and p.in_force), 0.0) $$;
