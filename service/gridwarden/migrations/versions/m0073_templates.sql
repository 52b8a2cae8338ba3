-- The statements that judge, as templates: {{names}} are filled in by data.statement(). Each gives
-- findings in the columns of data.judged. Metres; distances on the ground, working CRS otherwise.

create function data.template_beside_mains(kind text) returns text
    language sql immutable as
$templates$
select case kind
---------------------------------------------------------------------------- what every finding says
when 'judged' then $t$r.strength, r.pack, r.version as pack_version, r.rule, r.clause, r.edition, r.verified$t$

-- The subject's own point, and the district it lies in.
when 'place' then $t$
cross join lateral (
    select st_x(inner_point.p) as x, st_y(inner_point.p) as y,
           (select d.id from data.districts d where st_intersects(d.geom, inner_point.p)
            order by d.id limit 1) as district_id
    from (select st_pointonsurface(s.geom) as p offset 0) inner_point
) place$t$

---------------------------------------------------------------------------- a layer beside mains
-- Pieces of mains find candidates by index; every gap is measured from the whole main. As
-- √(a² + b²) ≤ a + b, a reach of limit + edge + both accuracies misses nothing; the plane may be 4 %
-- wider than the ground. Whichever side is placed more coarsely than 2 m drives, so that one coarse
-- feature does not widen the search for all others. `offset 0` keeps the planner from turning the
-- joins around: the driving side is read once, and the other through its index.
when 'pairs' then $t$
with asked as materialized (
    select q.* from {{asked}} q where q.rule_id = any ({{rules}})
), deepest as materialized (
    select coalesce(max({{work_depth}}), 0) as m from {{subjects}} s
), reach as materialized (
    select q.profile_id,
           data.plane_m(max(greatest(q.limit_m, q.per_depth * d.m))::double precision) as limit_m
    from asked q cross join deepest d group by q.profile_id
), widest as materialized (
    select (select max(limit_m) from reach) as limit_m, max(p.edge_m) as edge_m,
           {{radius}} + (select coalesce(max({{edge}}), 0) from {{subjects}} s) as radius_m
    from {{pieces}} p where p.no = 1
), candidate as (
    select p.main_id, s.id as subject_id
    from widest w
    cross join {{pieces}} p
    cross join lateral (
        select c.limit_m from reach c where c.profile_id is not distinct from p.profile_id offset 0) r
    cross join lateral (
        select f.id from {{subjects}} f
        where st_dwithin(f.geom, p.geom,
                r.limit_m + data.plane_m(p.edge_m + coalesce(p.accuracy_m, 1) + 2 + w.radius_m))
          and coalesce(f.accuracy_m, 1) <= 2
        offset 0) s
    union
    select p.main_id, s.id
    from widest w
    cross join {{subjects}} s
    cross join lateral (
        select q.main_id from {{pieces}} q
        where st_dwithin(q.geom, s.geom,
                w.limit_m + data.plane_m(w.edge_m + 2 + s.accuracy_m + w.radius_m))
          and coalesce(q.accuracy_m, 1) <= 2
        offset 0) p
    where s.accuracy_m > 2
    union
    select p.main_id, s.id
    from widest w
    cross join (select max(f.accuracy_m) as most from {{subjects}} f where f.accuracy_m > 2) coarse
    cross join {{pieces}} p
    cross join lateral (
        select c.limit_m from reach c where c.profile_id is not distinct from p.profile_id offset 0) r
    cross join lateral (
        select f.id from {{subjects}} f
        where st_dwithin(f.geom, p.geom,
                r.limit_m + data.plane_m(p.edge_m + p.accuracy_m + coarse.most + w.radius_m))
          and f.accuracy_m > 2
        offset 0) s
    where p.accuracy_m > 2 and coarse.most is not null
), measured as materialized (
    select c.subject_id, c.main_id, k.org_id, k.profile_id, k.edge_m, k.missing,
           data.ground_m(s.geom, m.geom)::numeric as distance,
           data.joint_accuracy(m.accuracy_m, s.accuracy_m) as accuracy,
           m.accuracy_m is null or s.accuracy_m is null as capped,
           m.depth_top_m, st_dimension(s.geom) as dimension
    from candidate c
    join {{subjects}} s on s.id = c.subject_id
    join {{mains}} m on m.id = c.main_id
    join {{pieces}} k on k.main_id = c.main_id and k.no = 1
), best as materialized (
    select distinct on (d.subject_id, d.main_id) d.subject_id, d.main_id, d.org_id, d.accuracy,
           q.rule_id, q.row_id, q.pressure_class, q.severity, q.verdict, q.told, q.missing,
           gap.edge_m, gap.m as gap, required.m as required, judged.certainty, unsure.capped,
           fits.holds is null as open, q.method is not null and {{method}} is null as any_method,
           no_edge.is as no_edge, d.dimension
    from measured d
    join {{subjects}} s on s.id = d.subject_id
    join asked q on q.profile_id is not distinct from d.profile_id
    join data.rule r on r.id = q.rule_id
    cross join lateral (select {{where}} as holds offset 0) fits
    cross join lateral (select case when r.measured_from = 'outer_edge' then d.edge_m else 0 end as edge_m,
        case when r.measured_to = 'outer_edge' then {{edge}} else 0 end as own_m) edge
    cross join lateral (select case when r.measured_to = 'centre' and d.dimension > 0
            then data.ground_m(st_centroid(s.geom), (select m.geom from {{mains}} m where m.id = d.main_id))::numeric
            else d.distance end
        - (edge.edge_m + edge.own_m
           + case when d.dimension = 0 and r.measured_to <> 'centre' then data.point_radius() else 0 end)::numeric
        as m) level
    cross join lateral (select edge.edge_m, round(case when r.plane = 'horizontal' then level.m
        -- top of the lower one, less top and diameter of the upper one
        when {{depth_top}} <= d.depth_top_m
            then d.depth_top_m::numeric - ({{depth_top}} + 2 * edge.own_m)::numeric
        else {{depth_top}}::numeric - (d.depth_top_m + 2 * edge.edge_m)::numeric end, 4) as m offset 0) gap
    cross join lateral (select greatest(q.limit_m, q.per_depth * {{work_depth}}) as m) required
    cross join lateral (select data.judge(gap.m, d.accuracy, required.m, data.closed(r.kind)) as certainty) judged
    cross join lateral (select r.measured_from = 'outer_edge' and 'dn' = any (d.missing) as is) no_edge
    cross join lateral (select d.capped or q.capped or no_edge.is or fits.holds is null or gap.m is null
        or q.method is not null and {{method}} is null or {{edge_missing}} is not null as capped) unsure
    where fits.holds is distinct from false
      and (judged.certainty is not null or r.plane = 'vertical' and gap.m is null)
      -- the clearance of a line that crosses the main is one of the vertical plane
      and (r.plane = 'horizontal' and not (r.kind = 'clearance' and d.dimension = 1 and d.distance = 0)
           or r.plane = 'vertical' and round(level.m, 4) <= 0)
      and (q.over_m is null or gap.m > q.over_m)
      and (q.method is null or {{method}} is null or q.method = {{method}})
      and (q.depth_over_m is null or {{work_depth}} is null or {{work_depth}} > q.depth_over_m)
      and (q.depth_upto_m is null or {{work_depth}} <= q.depth_upto_m)
    order by d.subject_id, d.main_id, r.strength desc, data.severity_rank(q.severity) desc,
             coalesce(judged.certainty = 'certain', false) and not unsure.capped desc,
             array_position(array['prohibited', 'protection_plan', 'notify'], q.verdict),
             required.m desc, r.pack, r.rule, q.row_id
)
select {{family}}::text as family, {{layer}}::text as layer, b.subject_id, b.main_id, b.severity,
       case when b.capped or relaxed.list @> '[{"holds": true}]' then 'possible'
            when b.certainty = 'possible' and r.plane = 'horizontal'
             and data.runs_through(s.geom, m.geom, b.accuracy - b.edge_m - b.required)
            then 'certain' else b.certainty end as certainty,
       data.distance_band(coalesce(b.gap, 0)) as distance_band, b.org_id, place.district_id, place.x, place.y,
       {{judged}}, b.row_id, b.pressure_class, 'gas_pipelines'::text as counterpart_layer,
       b.main_id as counterpart_id, b.gap as distance_m, b.required as required_m,
       b.gap - b.required as margin_m, b.accuracy as accuracy_m, named.missing,
       case when b.dimension = 0 and r.measured_to <> 'centre' then array['radius_m'] else '{}' end as assumed,
       pressed.length_m as pressed_length_m, pressed.area_m2 as pressed_area_m2,
       b.told || jsonb_strip_nulls(jsonb_build_object('verdict', b.verdict,
           'people', round({{people}} * share.of_it, 1)))
           || case when relaxed.list is null then '{}'
                   else jsonb_build_object('relaxations', relaxed.list) end as told,
       case when pressed.length_m > 0 then pressed.part else st_shortestline(s.geom, m.geom) end as geom
from best b
join {{subjects}} s on s.id = b.subject_id
join {{mains}} m on m.id = b.main_id
join data.rule r on r.id = b.rule_id
{{place}}
cross join lateral (select case when r.relaxations <> '[]' then data.relaxed(
    r.relaxations, b.pressure_class, m.wall_mm, b.gap, b.accuracy) end as list offset 0) relaxed
cross join lateral (select case when b.capped then array(
    select distinct u.name from unnest(b.missing
        || case when b.open then {{where_missing}} else '{}' end
        || case when b.any_method then array['method'] else '{}' end
        || case when b.gap is null then array['depth_top_m'] else '{}' end
        || case when b.no_edge then array['dn'] else '{}' end
        || array_remove(array[{{edge_missing}}], null)) u(name) order by u.name)
    else '{}' end as missing offset 0) named
-- what part of the subject lies within the required distance, where people are counted by area
left join lateral (
    select case when st_area(s.geom) > 0 then (st_area(st_intersection(
               case when st_isvalid(s.geom) then s.geom else st_makevalid(s.geom) end,
               st_buffer(st_intersection(m.geom, st_expand(st_envelope(s.geom), reach_m)), reach_m)))
               / st_area(s.geom))::numeric else 1 end as of_it
    from (select (b.required + b.edge_m)::double precision as reach_m) reached
    where r.test ? 'people'
) share on true
left join lateral (
    select line.part, round(data.ground_length_m(line.part)::numeric, 4) as length_m,
           round(st_area(st_intersection(line.footprint,
               st_buffer(line.beside, b.edge_m, 'quad_segs=16')))::numeric, 4) as area_m2
    from (select whole.footprint, st_intersection(near.main, whole.footprint) as part,
                 near.main as beside
          from (select case when st_isvalid(s.geom) then s.geom else st_makevalid(s.geom) end
                    as footprint
                where b.gap <= 0 and st_dimension(s.geom) = 2 and r.plane = 'horizontal'
                offset 0) whole
          -- The part of a long main beside the footprint, with ends too far away to matter.
          cross join lateral (select st_intersection(m.geom,
              st_expand(st_envelope(s.geom), 2 * b.edge_m + 1)) as main offset 0) near
          offset 0) line
) pressed on true
$t$
end
$templates$;
