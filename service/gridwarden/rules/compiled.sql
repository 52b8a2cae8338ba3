-- name: pairs
-- All rules of one family that judge how near one layer's features are to mains. Metres, working
-- CRS. Pieces of mains find candidates by index; the gap is measured from the whole main's outer
-- edge. As √(a² + b²) ≤ a + b, a reach of limit + edge + both accuracies misses nothing.
-- Whichever side is placed more coarsely than 2 m drives, so that one coarse feature does not
-- widen the search for all others. `offset 0` keeps the planner from turning the joins around:
-- the driving side is read once, and the other through its index, never by a scan in a loop.
with reach as materialized (
    select r.pressure_class, max(r.limit_m) + 0.01 as limit_m
    from data.rule_row r
    where r.family = {family} and r.subject_layer = {layer}
      and r.kind in ('on', 'protection', 'clearance', 'control')
    group by r.pressure_class
), widest as materialized (
    select (select max(limit_m) from reach) as limit_m, max(p.edge_m) as edge_m,
           {radius} as radius_m
    from data.main_piece p where p.no = 1
), candidate as (
    select p.main_id, s.id as subject_id
    from widest w
    cross join data.main_piece p
    cross join lateral (
        select c.limit_m from reach c where c.pressure_class = p.pressure_class offset 0) r
    cross join lateral (
        select f.id from {subject} f
        where st_dwithin(f.geom, p.geom,
                r.limit_m + p.edge_m + coalesce(p.accuracy_m, 1) + 2 + w.radius_m)
          and coalesce(f.accuracy_m, 1) <= 2
        offset 0) s
    union
    select p.main_id, s.id
    from widest w
    cross join {subject} s
    cross join lateral (
        select q.main_id from data.main_piece q
        where st_dwithin(q.geom, s.geom,
                w.limit_m + w.edge_m + 2 + s.accuracy_m + w.radius_m)
          and coalesce(q.accuracy_m, 1) <= 2
        offset 0) p
    where s.accuracy_m > 2
    union
    select p.main_id, s.id
    from widest w
    cross join (select max(f.accuracy_m) as most from {subject} f where f.accuracy_m > 2) coarse
    cross join data.main_piece p
    cross join lateral (
        select c.limit_m from reach c where c.pressure_class = p.pressure_class offset 0) r
    cross join lateral (
        select f.id from {subject} f
        where st_dwithin(f.geom, p.geom,
                r.limit_m + p.edge_m + p.accuracy_m + coarse.most + w.radius_m)
          and f.accuracy_m > 2
        offset 0) s
    where p.accuracy_m > 2 and coarse.most is not null
), measured as materialized (
    select c.subject_id, c.main_id, k.org_id, k.pressure_class, k.edge_m,
           round((st_distance(s.geom, m.geom) - k.edge_m
                  - case when st_dimension(s.geom) = 0 then data.point_radius() else 0 end
                 )::numeric, 4) as gap,
           data.joint_accuracy(m.accuracy_m, s.accuracy_m) as accuracy,
           m.accuracy_m is null or s.accuracy_m is null or k.missing <> '{{}}' as capped,
           k.missing,
           case when st_dimension(s.geom) = 0 then array['radius_m'] else '{{}}'::text[] end
               as assumed
    from candidate c
    join {subject} s on s.id = c.subject_id
    join data.gas_pipelines m on m.id = c.main_id
    join data.main_piece k on k.main_id = c.main_id and k.no = 1
), best as materialized (
    select distinct on (d.subject_id, d.main_id) d.*, r.id as row_id, r.pack, r.rule, r.clause,
           r.edition, r.verified, r.severity, r.limit_m::numeric as required,
           case when d.capped then 'possible' else judged.certainty end as certainty
    from measured d
    join data.rule_row r on r.pressure_class = d.pressure_class
        and r.family = {family} and r.subject_layer = {layer}
        and r.kind in ('on', 'protection', 'clearance', 'control')
    cross join lateral (select data.judge(d.gap, d.accuracy, r.limit_m::numeric,
                                          data.closed(r.kind)) as certainty) judged
    where judged.certainty is not null
    order by d.subject_id, d.main_id, r.strength desc,
             array_position(array['major', 'serious', 'general'], r.severity), r.limit_m desc,
             r.pack, r.rule
)
select {family}::text as family, {layer}::text as layer, b.subject_id, b.main_id, b.severity,
       case when b.certainty = 'possible' and not b.capped
             and data.runs_through(s.geom, m.geom, b.accuracy - b.edge_m - b.required)
            then 'certain' else b.certainty end as certainty,
       data.distance_band(b.gap) as distance_band, b.org_id, place.district_id,
       place.x, place.y, b.pack, b.rule, b.row_id, b.clause, b.edition, b.verified,
       b.pressure_class, 'gas_pipelines'::text as counterpart_layer, b.main_id as counterpart_id,
       b.gap as distance_m, b.required as required_m, b.gap - b.required as margin_m,
       b.accuracy as accuracy_m, b.missing, b.assumed,
       pressed.length_m as pressed_length_m, pressed.area_m2 as pressed_area_m2,
       case when pressed.length_m > 0 then pressed.part else st_shortestline(s.geom, m.geom) end
           as geom
from best b
join {subject} s on s.id = b.subject_id
join data.gas_pipelines m on m.id = b.main_id
{place}
left join lateral (
    select line.part, round(st_length(line.part)::numeric, 4) as length_m,
           round(st_area(st_intersection(line.footprint,
               st_buffer(line.beside, b.edge_m, 'quad_segs=16')))::numeric, 4) as area_m2
    from (select whole.footprint, st_intersection(near.main, whole.footprint) as part,
                 near.main as beside
          from (select case when st_isvalid(s.geom) then s.geom else st_makevalid(s.geom) end
                    as footprint offset 0) whole
          -- The part of a long main beside the footprint, with ends too far away to matter.
          cross join lateral (select st_intersection(m.geom,
              st_expand(st_envelope(s.geom), 2 * b.edge_m + 1)) as main offset 0) near
          offset 0) line
    where b.gap <= 0 and st_dimension(s.geom) = 2
) pressed on true

-- name: place
-- The subject's own point, and the district it lies in.
cross join lateral (
    select st_x(inner_point.p) as x, st_y(inner_point.p) as y,
           (select d.id from data.districts d where st_intersects(d.geom, inner_point.p)
            order by d.id limit 1) as district_id
    from (select st_pointonsurface(s.geom) as p offset 0) inner_point
) place

-- name: absence
-- Features without a counterpart within the limit: straight line between nearest points, metres,
-- working CRS. None at all is certain, and has no distance.
with judged as materialized (
    select s.id as subject_id, n.id as counterpart_id, n.distance,
           case when n.id is not null then data.joint_accuracy(n.accuracy_m, s.accuracy_m) end
               as accuracy,
           (n.accuracy_m is null or s.accuracy_m is null) and n.id is not null as capped
    from {subject} s
    left join lateral (
        select c.id, c.accuracy_m, round(st_distance(c.geom, s.geom)::numeric, 4) as distance
        -- The index finds how far the nearest is; of several as near, the first id is taken. In one
        -- step, the second sort key would have every counterpart read for every feature.
        from (select st_distance(c.geom, s.geom) as least from {counterpart} c
              where ({counted}) order by c.geom <-> s.geom limit 1) nearest
        join {counterpart} c on st_dwithin(c.geom, s.geom, nearest.least + 0.000001)
            and ({counted})
        order by c.geom <-> s.geom, c.id limit 1) n on true
)
select r.family, {layer}::text as layer, s.id as subject_id, null::bigint as main_id, r.severity,
       case when d.counterpart_id is null
              or not d.capped and d.distance - d.accuracy > r.limit_m::numeric then 'certain'
            else 'possible' end as certainty,
       null::text as distance_band, null::bigint as org_id, place.district_id, place.x, place.y,
       r.pack, r.rule, r.id as row_id, r.clause, r.edition, r.verified,
       null::text as pressure_class,
       case when d.counterpart_id is not null then {counterpart_layer}::text end
           as counterpart_layer,
       d.counterpart_id, d.distance as distance_m, r.limit_m::numeric as required_m,
       r.limit_m::numeric - d.distance as margin_m, d.accuracy as accuracy_m,
       '{{}}'::text[] as missing, '{{}}'::text[] as assumed, null::numeric as pressed_length_m,
       null::numeric as pressed_area_m2,
       (select st_shortestline(s.geom, c.geom) from {counterpart} c where c.id = d.counterpart_id)
           as geom
from judged d
join {subject} s on s.id = d.subject_id
join data.rule_row r on r.pack = {pack} and r.rule = {rule} and r.subject_layer = {layer}
{place}
where d.counterpart_id is null or d.distance + d.accuracy > r.limit_m::numeric

-- name: attribute
-- Features whose own record does not comply: a number over the limit (or its estimate, possible
-- near the limit), unless another column says that all is well.
with judged as materialized (
    select s.id as subject_id, r.id as row_id,
           case when s.{over} is not null
                then case when s.{over} > r.limit_m then 'certain' end
                when s.{instead} * {factor} > {certain_over} then 'certain'
                when s.{instead} * {factor} >= {possible_from} then 'possible' end as certainty,
           array_remove(array[case when s.{over} is null then {over_name} end,
                              case when s.{unless} is null then {unless_name} end], null)
               as missing,
           s.{unless} is null as capped
    from {subject} s
    join data.rule_row r on r.pack = {pack} and r.rule = {rule} and r.subject_layer = {layer}
    where s.{unless} is distinct from {equals}
)
select r.family, {layer}::text as layer, s.id as subject_id, null::bigint as main_id, r.severity,
       case when d.capped then 'possible' else d.certainty end as certainty,
       null::text as distance_band, null::bigint as org_id, place.district_id, place.x, place.y,
       r.pack, r.rule, r.id as row_id, r.clause, r.edition, r.verified,
       null::text as pressure_class, null::text as counterpart_layer,
       null::bigint as counterpart_id, null::numeric as distance_m, null::numeric as required_m,
       null::numeric as margin_m, null::numeric as accuracy_m, d.missing,
       '{{}}'::text[] as assumed, null::numeric as pressed_length_m,
       null::numeric as pressed_area_m2, null::geometry as geom
from judged d
join {subject} s on s.id = d.subject_id
join data.rule_row r on r.id = d.row_id
{place}
where d.certainty is not null
