-- name: near
-- For engines on files, each with the join that its planner does by an index: p are pieces, s subjects with the plane's scale where they stand.
select distinct s.id as id, p.main_id as main_id
from p join s on {join}
where round((st_distance(p.geom, s.geom) / s.scale - p.edge_m - s.radius_m) * 10000)
        - round(sqrt(p.accuracy_m * p.accuracy_m + s.accuracy_m * s.accuracy_m) * 10000)
      < round(p.limit_m * 10000)
   or p.closed
  and round((st_distance(p.geom, s.geom) / s.scale - p.edge_m - s.radius_m) * 10000)
        - round(sqrt(p.accuracy_m * p.accuracy_m + s.accuracy_m * s.accuracy_m) * 10000)
      = round(p.limit_m * 10000)
