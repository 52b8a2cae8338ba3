-- Where mains lie, as planners may know it: by the 500 m squares that hold their parts of 25 m. How
-- much lies in one is told in three classes, because a length would be a chord, and a chord a place.
-- What is planned or abandoned is left out.
create function api.main_cells() returns table (
    "column" bigint, "row" bigint, mains text, pressure_class text, shape jsonb)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    with part as (
        select floor(st_x(p.middle) / 500)::bigint as cx, floor(st_y(p.middle) / 500)::bigint as cy,
               m.pressure_class, st_length(s.geom) as length_m
        from data.gas_pipelines m
        cross join lateral st_dumpsegments(st_segmentize(m.geom, 25)) s
        cross join lateral (select st_lineinterpolatepoint(s.geom, 0.5) as middle) p
        where m.status is null or m.status not in ('planned', 'abandoned')
    ), cell as (
        select p.cx, p.cy, sum(p.length_m) as length_m,
               max(array_position(array['L', 'MB', 'MA', 'SHB', 'SHA', 'HB', 'HA', 'XH'],
                                  p.pressure_class)) as highest
        from part p group by 1, 2
    )
    select c.cx, c.cy,
           case when c.length_m < 500 then 'few' when c.length_m < 2000 then 'some' else 'many' end,
           (array['L', 'MB', 'MA', 'SHB', 'SHA', 'HB', 'HA', 'XH'])[c.highest],
           st_asgeojson(st_transform(st_makeenvelope(c.cx * 500, c.cy * 500, c.cx * 500 + 500,
               c.cy * 500 + 500, {srid}), 4326), 6)::jsonb
    from cell c order by 1, 2
$$;
revoke all on function api.main_cells() from public;
grant execute on function api.main_cells() to gridwarden_planner;
