-- Templates of the statements that are not about a layer beside mains. See m0073_templates.sql.

-- Relaxations [{id, limit_m, classes, wall_min_mm, agreement, …}] that the tables' notes allow a main
-- of this class and wall at this gap: each with whether it holds (null: an agreement or the wall is
-- not on record), by the gap with the accuracy taken off.
create function data.relaxed(relaxations jsonb, pressure_class text, wall_mm double precision,
        gap numeric, accuracy numeric) returns jsonb
    language sql immutable as
$$
    select jsonb_agg(o.v || jsonb_build_object('holds', case when h.met is false then false
                                                             when not h.agreement then h.met end) order by o.n)
    from jsonb_array_elements(relaxations) with ordinality o(v, n)
    cross join lateral (
        select coalesce((o.v ->> 'agreement')::boolean, false) as agreement,
               gap - accuracy >= (o.v ->> 'limit_m')::numeric
               and coalesce(pressure_class = any (data.text_array(nullif(o.v -> 'classes', 'null'))), true)
               and (nullif(o.v -> 'wall_min_mm', 'null') is null
                    or wall_mm >= (o.v ->> 'wall_min_mm')::double precision) as met) h
    where coalesce(pressure_class = any (data.text_array(nullif(o.v -> 'classes', 'null'))), true)
$$;

create function data.judging_template(kind text) returns text
    language sql immutable as
$templates$
select coalesce(data.template_beside_mains(kind), case kind
---------------------------------------------------------------------------- mains beside mains
-- Each pair once. Where mains are joined (an end of one lies on the other) 3 m around the joint are
-- not looked at, nor is their crossing there; mains of one operator and class that cross without room
-- between them, or with a depth unknown, are joined by a node that nobody drew. The stricter of what
-- the rules ask of the two counts.
-- Whose: the company's where both are its own, else nobody's but the bureau's. The finding's place is
-- the middle of a 500 m cell: a main's own is secret.
when 'mains' then $t$
with asked as materialized (
    select q.* from {{asked}} q where q.rule_id = any ({{rules}})
), reach as materialized (
    select data.plane_m(max(limit_m)::double precision) as limit_m from asked
), widest as materialized (
    select max(p.edge_m) as edge_m from {{pieces}} p where p.no = 1
), candidate as (
    select a.main_id as subject_id, b.main_id
    from reach r cross join widest w
    cross join {{own_pieces}} a
    cross join lateral (
        select q.main_id from {{pieces}} q
        where st_dwithin(q.geom, a.geom, r.limit_m
              + data.plane_m(a.edge_m + w.edge_m + coalesce(a.accuracy_m, 1) + 2))
          and coalesce(q.accuracy_m, 1) <= 2
        offset 0) b
    where {{each_pair}}
    union
    select a.main_id, b.main_id
    from reach r cross join widest w
    cross join {{pieces}} b
    cross join lateral (
        select q.main_id from {{own_pieces}} q
        where st_dwithin(q.geom, b.geom, r.limit_m
              + data.plane_m(b.edge_m + w.edge_m + b.accuracy_m + coalesce(q.accuracy_m, 1)))
          and coalesce(q.accuracy_m, 1) <= 2
        offset 0) a
    where b.accuracy_m > 2 and {{each_pair}}
    union
    select a.main_id, b.main_id
    from reach r cross join widest w
    cross join {{own_pieces}} a
    join {{pieces}} b on b.accuracy_m > 2 and st_dwithin(b.geom, a.geom, r.limit_m
        + data.plane_m(a.edge_m + w.edge_m + a.accuracy_m + b.accuracy_m))
    where a.accuracy_m > 2 and {{each_pair}}
), measured as materialized (
    select c.subject_id, c.main_id, o.org_id as own_org, k.org_id, o.profile_id as own_profile,
           k.profile_id, o.edge_m as own_edge_m, k.edge_m, o.missing || k.missing as missing,
           data.ground_m(apart.own, apart.other)::numeric as distance, joint.there as joined,
           o.pressure_class = k.pressure_class and o.org_id is not distinct from k.org_id
               and s.operator is not distinct from m.operator as one_network,
           data.joint_accuracy(m.accuracy_m, s.accuracy_m) as accuracy,
           m.accuracy_m is null or s.accuracy_m is null as capped,
           s.depth_top_m as own_depth_m, m.depth_top_m
    from candidate c
    join {{subjects}} s on s.id = c.subject_id
    join {{mains}} m on m.id = c.main_id
    join {{own_pieces}} o on o.main_id = c.subject_id and o.no = 1
    join {{pieces}} k on k.main_id = c.main_id and k.no = 1
    cross join lateral (
        select st_collect(e.geom) as ends, count(*) > 0 as there
        from (select d.geom from st_dump(st_boundary(s.geom)) d where st_dwithin(d.geom, m.geom, 0.5)
              union all
              select d.geom from st_dump(st_boundary(m.geom)) d where st_dwithin(d.geom, s.geom, 0.5)) e
        offset 0) joint
    cross join lateral (
        select case when joint.there then st_difference(s.geom, st_buffer(joint.ends, 3)) else s.geom end as own,
               case when joint.there then st_difference(m.geom, st_buffer(joint.ends, 3)) else m.geom end as other
        offset 0) apart
    where not st_isempty(apart.own) and not st_isempty(apart.other)
), best as materialized (
    select distinct on (d.subject_id, d.main_id) d.*, q.rule_id, q.row_id, q.pressure_class,
           q.severity, q.told, q.limit_m as required, gap.m as gap,
           case when unsure.capped or gap.m is null then 'possible' else judged.certainty end as sure,
           unsure.missing as lacking
    from measured d
    join asked q on q.profile_id in (d.profile_id, d.own_profile)
    join data.rule r on r.id = q.rule_id
    cross join lateral (select (d.distance - case when r.measured_from = 'outer_edge'
        then d.edge_m + d.own_edge_m else 0 end::numeric) as m) level
    cross join lateral (select round((case when r.plane = 'horizontal' then level.m
        -- of two that lie equally deep the thicker counts as the upper one, whichever is named first
        when d.own_depth_m < d.depth_top_m or d.own_depth_m = d.depth_top_m and d.own_edge_m >= d.edge_m
            then (d.depth_top_m - d.own_depth_m - 2 * d.own_edge_m)::numeric
        else (d.own_depth_m - d.depth_top_m - 2 * d.edge_m)::numeric end), 4) as m) gap
    cross join lateral (select data.judge(gap.m, d.accuracy, q.limit_m, data.closed(r.kind)) as certainty) judged
    cross join lateral (select array(select distinct u.name from unnest(q.missing
            || case when r.plane = 'vertical' and gap.m is null then array['depth_top_m'] else '{}' end
            || case when r.measured_from = 'outer_edge' and 'dn' = any (d.missing) then array['dn'] else '{}' end)
            u(name) order by u.name) as missing) named
    cross join lateral (select named.missing, d.capped or named.missing <> '{}' as capped) unsure
    where (judged.certainty is not null or r.plane = 'vertical' and gap.m is null)
      -- mains that cross are judged in the vertical plane
      and (r.plane = 'horizontal' and d.distance > 0 or r.plane = 'vertical' and not d.joined and round(level.m, 4) <= 0
              and not (d.one_network and coalesce(gap.m <= 0, true)))
      and (q.over_m is null or gap.m > q.over_m)
    order by d.subject_id, d.main_id, r.strength desc, q.limit_m desc,
             data.severity_rank(q.severity) desc,
             coalesce(judged.certainty = 'certain', false) and not unsure.capped desc,
             cardinality(unsure.missing), r.pack, r.rule, q.row_id, q.pressure_class
)
select {{family}}::text as family, {{layer}}::text as layer, b.subject_id, b.main_id, b.severity,
       b.sure as certainty, data.distance_band(coalesce(b.gap, 0)) as distance_band,
       case when b.own_org = b.org_id then b.org_id end as org_id, place.district_id,
       floor(place.x / 500) * 500 + 250 as x, floor(place.y / 500) * 500 + 250 as y,
       {{judged}}, b.row_id, b.pressure_class, 'gas_pipelines'::text as counterpart_layer,
       b.main_id as counterpart_id, b.gap as distance_m, b.required as required_m,
       b.gap - b.required as margin_m, b.accuracy as accuracy_m, b.lacking as missing,
       '{}'::text[] as assumed, null::numeric as pressed_length_m, null::numeric as pressed_area_m2,
       b.told, st_shortestline(s.geom, m.geom) as geom
from best b
join {{subjects}} s on s.id = b.subject_id
join {{mains}} m on m.id = b.main_id
join data.rule r on r.id = b.rule_id
{{place}}
$t$

---------------------------------------------------------------------------- two other layers
-- Features too near a feature of another layer (or another of their own): for each the worst one.
when 'neighbours' then $t$
with rows as materialized (
    select r.id as rule_id, w.id as row_id, coalesce(w.limit_m, data.figure(w.figure)) as limit_m,
           w.over_m, w.severity, w.figure
    from data.rule r join data.rule_row w on w.rule_id = r.id where r.id = any ({{rules}})
), reach as materialized (
    select data.plane_m(max(w.limit_m)::double precision + 2 * data.point_radius()) as limit_m from rows w
), candidate as (
    -- whichever side is placed more coarsely than 2 m drives
    select s.id as subject_id, c.id as counterpart_id
    from reach cross join {{subjects}} s
    join {{counterparts}} c on coalesce(c.accuracy_m, 1) <= 2 and st_dwithin(c.geom, s.geom,
        reach.limit_m + data.plane_m(coalesce(s.accuracy_m, 1) + 2))
    where {{others}} and ({{any_where}}) and ({{any_counted}})
    union
    select s.id, c.id
    from reach cross join {{counterparts}} c
    join {{subjects}} s on coalesce(s.accuracy_m, 1) <= 2 and st_dwithin(s.geom, c.geom,
        reach.limit_m + data.plane_m(c.accuracy_m + 2))
    where c.accuracy_m > 2 and {{others}} and ({{any_where}}) and ({{any_counted}})
    union
    select s.id, c.id
    from reach cross join {{subjects}} s
    join {{counterparts}} c on c.accuracy_m > 2 and st_dwithin(c.geom, s.geom,
        reach.limit_m + data.plane_m(s.accuracy_m + c.accuracy_m))
    where s.accuracy_m > 2 and {{others}} and ({{any_where}}) and ({{any_counted}})
), best as materialized (
    select distinct on (j.subject_id) j.*
    from (
    select s.id as subject_id, c.id as counterpart_id, w.*, gap.m as gap, r.strength, r.pack, r.rule,
           data.joint_accuracy(c.accuracy_m, s.accuracy_m) as accuracy,
           case when unsure.capped then 'possible'
                when judged.certainty = 'possible' and data.runs_through(s.geom, c.geom,
                     (data.joint_accuracy(c.accuracy_m, s.accuracy_m) - w.limit_m)::double precision)
                then 'certain' else judged.certainty end as certainty, named.missing
    from candidate pair
    join {{subjects}} s on s.id = pair.subject_id
    join {{counterparts}} c on c.id = pair.counterpart_id
    cross join rows w
    join data.rule r on r.id = w.rule_id
    cross join lateral (select {{where}} as holds, {{counted}} as counted) fits
    cross join lateral (select round(data.ground_m(
            case when r.measured_to = 'centre' then st_centroid(s.geom) else s.geom end, c.geom)::numeric
        - case when r.measured_to = 'centre' then 0
               when r.measured_to = 'outer_edge' then ({{edge}})::numeric
               else (data.point_radius() * ((st_dimension(s.geom) = 0)::int + (st_dimension(c.geom) = 0)::int))::numeric
          end, 4) as m) gap
    cross join lateral (select data.judge(gap.m, data.joint_accuracy(c.accuracy_m, s.accuracy_m),
        w.limit_m, data.closed(r.kind)) as certainty) judged
    cross join lateral (select array(select distinct u.name from unnest(
               case when fits.holds is null then {{where_missing}} else '{}' end
            || case when fits.counted is null then {{counted_missing}} else '{}' end) u(name)
            order by u.name) as missing) named
    cross join lateral (select c.accuracy_m is null or s.accuracy_m is null
        or named.missing <> '{}' as capped) unsure
    where fits.holds is distinct from false and fits.counted is distinct from false
      and judged.certainty is not null and (w.over_m is null or gap.m > w.over_m)
    ) j
    order by j.subject_id, j.strength desc, data.severity_rank(j.severity) desc, j.certainty,
             j.gap - j.limit_m, j.pack, j.rule, j.counterpart_id
)
select {{family}}::text as family, {{layer}}::text as layer, s.id as subject_id, null::bigint as main_id,
       b.severity, b.certainty, null::text as distance_band, null::bigint as org_id,
       place.district_id, place.x, place.y, {{judged}}, b.row_id, null::text as pressure_class,
       {{counterpart}}::text as counterpart_layer, b.counterpart_id, b.gap as distance_m,
       b.limit_m as required_m, b.gap - b.limit_m as margin_m, b.accuracy as accuracy_m, b.missing,
       case when st_dimension(s.geom) = 0 or st_dimension(c.geom) = 0 then array['radius_m'] else '{}'::text[] end
           as assumed, null::numeric as pressed_length_m, null::numeric as pressed_area_m2,
       jsonb_strip_nulls(jsonb_build_object('figure', b.figure)) as told, st_shortestline(s.geom, c.geom) as geom
from best b
join {{subjects}} s on s.id = b.subject_id
join {{counterparts}} c on c.id = b.counterpart_id
join data.rule r on r.id = b.rule_id
{{place}}
$t$

---------------------------------------------------------------------------- nothing near enough
-- Features without a counterpart within the limit: straight line between nearest points. None at
-- all is certain, and has no distance. A counterpart of unknown state counts.
when 'absence' then $t$
with judged as materialized (
    select s.id as subject_id, r.id as rule_id, w.id as row_id, w.severity, w.figure,
           coalesce(w.limit_m, data.figure(w.figure)) as limit_m, n.id as counterpart_id, n.distance,
           case when n.id is not null then data.joint_accuracy(n.accuracy_m, s.accuracy_m) end as accuracy,
           (n.accuracy_m is null or s.accuracy_m is null) and n.id is not null or fits.holds is null as capped,
           case when fits.holds is null then {{where_missing}} else '{}' end as missing
    from {{subjects}} s
    cross join data.rule r join data.rule_row w on w.rule_id = r.id
    cross join lateral (select {{where}} as holds) fits
    left join lateral (
        select c.id, c.accuracy_m, round(data.ground_m(c.geom, s.geom)::numeric, 4) as distance
        -- The index finds how far the nearest is; of several as near, the first id is taken. In one
        -- step, the second sort key would have every counterpart read for every feature.
        from (select st_distance(c.geom, s.geom) as least from {{counterparts}} c
              where coalesce({{counted}}, true) and {{others}} order by c.geom <-> s.geom limit 1) nearest
        join {{counterparts}} c on st_dwithin(c.geom, s.geom, nearest.least + 0.000001)
            and coalesce({{counted}}, true) and {{others}}
        order by c.geom <-> s.geom, c.id limit 1) n on true
    where r.id = any ({{rules}}) and fits.holds is distinct from false
)
select r.family, {{layer}}::text as layer, s.id as subject_id, null::bigint as main_id, d.severity,
       case when not d.capped and (d.counterpart_id is null or d.distance - d.accuracy > d.limit_m)
            then 'certain' else 'possible' end as certainty,
       null::text as distance_band, null::bigint as org_id, place.district_id, place.x, place.y,
       {{judged}}, d.row_id, null::text as pressure_class,
       case when d.counterpart_id is not null then {{counterpart}}::text end as counterpart_layer,
       d.counterpart_id, d.distance as distance_m, d.limit_m as required_m,
       d.limit_m - d.distance as margin_m, d.accuracy as accuracy_m, d.missing,
       '{}'::text[] as assumed, null::numeric as pressed_length_m, null::numeric as pressed_area_m2,
       jsonb_strip_nulls(jsonb_build_object('figure', d.figure)) as told,
       (select st_shortestline(s.geom, c.geom) from {{counterparts}} c where c.id = d.counterpart_id) as geom
from judged d
join {{subjects}} s on s.id = d.subject_id
join data.rule r on r.id = d.rule_id
{{place}}
where d.counterpart_id is null or d.distance + d.accuracy > d.limit_m
$t$

---------------------------------------------------------------------------- the record itself
when 'attribute' then $t$
select r.family, {{layer}}::text as layer, s.id as subject_id, null::bigint as main_id, w.severity,
       case when fits.holds then 'certain' else 'possible' end as certainty,
       null::text as distance_band, null::bigint as org_id, place.district_id, place.x, place.y,
       {{judged}}, w.id as row_id, null::text as pressure_class, null::text as counterpart_layer,
       null::bigint as counterpart_id, null::numeric as distance_m, null::numeric as required_m,
       null::numeric as margin_m, null::numeric as accuracy_m, {{where_missing}} as missing,
       '{}'::text[] as assumed, null::numeric as pressed_length_m, null::numeric as pressed_area_m2,
       '{}'::jsonb as told, null::geometry as geom
from {{subjects}} s
cross join data.rule r join data.rule_row w on w.rule_id = r.id
cross join lateral (select {{where}} as holds offset 0) fits
{{place}}
where r.id = any ({{rules}}) and fits.holds is distinct from false
$t$

---------------------------------------------------------------------------- class location
-- Units (a feature without a number is one) beside a main, `each_side_m` on the ground to either
-- side, each counted where the main is nearest, in a window of `along_m` that slides along each part:
-- where the largest count asks for a higher class than is on record, or none is on record. The
-- finding's place is a 500 m cell's middle.
when 'location' then $t$
with rule as materialized (
    select r.*, (r.test #>> '{location,each_side_m}')::double precision as side_m,
           r.test #> '{location,classes}' as steps
    from data.rule r where r.id = any ({{rules}})
), part as materialized (
    select s.id as subject_id, q.row_id, q.severity, d.path[1] as part, d.geom, data.ground_length_m(d.geom) as length_m
    from {{subjects}} s
    join {{pieces}} k on k.main_id = s.id and k.no = 1
    join {{asked}} q on q.profile_id is not distinct from k.profile_id and q.rule_id = any ({{rules}})
    cross join lateral st_dump(s.geom) d
), beside as materialized (
    select p.subject_id, p.part, coalesce({{units}}, 1) as units,
           st_linelocatepoint(p.geom, st_closestpoint(p.geom, b.geom)) * p.length_m as at_m
    from rule r cross join part p
    join {{counts}} b on st_dwithin(b.geom, p.geom, data.plane_m(r.side_m))
        and data.ground_m(b.geom, p.geom) <= r.side_m
), counted as (
    select a.subject_id, sum(a.units) over (partition by a.subject_id, a.part order by a.at_m
               range between current row and {{along_m}} following) as units
    from beside a
), most as (
    select subject_id, max(units) as units from counted group by subject_id
), judged as (
    select p.subject_id, min(p.row_id) as row_id, min(p.severity) as severity, coalesce(max(m.units), 0) as units
    from part p left join most m on m.subject_id = p.subject_id group by p.subject_id
)
select r.family, {{layer}}::text as layer, s.id as subject_id, s.id as main_id, d.severity,
       case when s.area_class is null then 'possible' else 'certain' end as certainty,
       null::text as distance_band, s.org_id, place.district_id,
       floor(place.x / 500) * 500 + 250 as x, floor(place.y / 500) * 500 + 250 as y,
       {{judged}}, d.row_id, k.pressure_class, null::text as counterpart_layer,
       null::bigint as counterpart_id, null::numeric as distance_m, null::numeric as required_m,
       null::numeric as margin_m, null::numeric as accuracy_m,
       case when s.area_class is null then array['area_class'] else '{}'::text[] end as missing,
       '{}'::text[] as assumed, null::numeric as pressed_length_m, null::numeric as pressed_area_m2,
       jsonb_build_object('location_class', step.class, 'units', d.units) as told, null::geometry as geom
from judged d
cross join rule r
join {{subjects}} s on s.id = d.subject_id
join {{pieces}} k on k.main_id = s.id and k.no = 1
cross join lateral (
    select t.v ->> 'id' as class from jsonb_array_elements(r.steps) with ordinality t(v, n)
    where coalesce(d.units <= (t.v ->> 'upto')::numeric, true) order by t.n limit 1) step
{{place}}
where s.area_class is null or s.area_class < step.class
$t$
end)
$templates$;

revoke all on all functions in schema data from public;
grant execute on function data.condition_sql(jsonb, text), data.number_sql(jsonb),
    data.text_array(jsonb), data.missing_sql(jsonb, text), data.unset_figures(bigint),
    data.by_rule_sql(bigint[], text, text, text), data.any_rule_sql(bigint[], text, text),
    data.has_column(text, text), data.statements(),
    data.statement(text, text, text, bigint[], text, text, text, text, text),
    data.judging_template(text), data.template_beside_mains(text),
    data.relaxed(jsonb, text, double precision, numeric, numeric) to gridwarden_screen;
