select data.patch('data.candidates(text)', jsonb_build_array(jsonb_build_array(
$w$        select f.id from {{subjects}} f
        where f.geom && st_expand(p.geom,
                r.limit_m + data.plane_m(p.edge_m + coalesce(p.accuracy_m, 1) + 2 + w.radius_m))
          and coalesce(f.accuracy_m, 1) <= 2
          and st_dwithin(f.geom, p.geom, r.limit_m + data.plane_m(p.edge_m + w.radius_m
                + sqrt(coalesce(p.accuracy_m, 1) ^ 2 + coalesce(f.accuracy_m, 1) ^ 2)))
        offset 0) s
    union
$w$,
$w$        select f.id from {{subjects}} f
        where st_dwithin(f.geom, p.geom,
                r.limit_m + data.plane_m(p.edge_m + coalesce(p.accuracy_m, 1) + 2 + w.radius_m))
          and coalesce(f.accuracy_m, 1) <= 2
        offset 0) s
    union
$w$)));
