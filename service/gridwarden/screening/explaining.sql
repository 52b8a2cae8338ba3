-- Why a finding is one. Everything is read through the caller's own views: what they leave out,
-- an explanation leaves out.

-- name: one
-- The list's own row of one finding.
select * from ({chosen}) found where found.id = %(id)s

-- name: exact
-- The evidence beyond what the list shows, for those who may read mains.
select finding_id, pack_version, row_id, told, pressed_length_m, pressed_area_m2, geom
from api.finding_exact

-- name: open
-- For all others: that of findings which no main is part of.
select id as finding_id, pack_version, row_id, told, null::numeric as pressed_length_m,
    null::numeric as pressed_area_m2, geom
from api.finding where not main

-- name: end
-- Since when the last version of one that has ended held, until when, and why.
select since, until, reason, cause_layer, cause_id, cause_act from api.finding_end(%(id)s)

-- name: look
select api.look(%(purpose)s)

-- name: feature
-- One feature as its reader may see it. Degrees, for a map.
select t.id, t.code, t.name, t.version, t.source_date, t.accuracy_m,
    d.name || '@' || d.version as dataset,
    case when a.id is not null then jsonb_build_object('operator', a.supplier, 'layer', a.layer,
        'surveyed_on', a.dated, 'age_days', a.age_days, 'update_days', a.update_days,
        'due_on', a.due_on, 'late_days', a.late_days, 'late', a.late) end as records,
    to_jsonb(t) - array['id', 'code', 'name', 'version', 'source_date', 'accuracy_m', 'geom',
                        'dataset_id', 'source_id', 'org_id', 'extra', 'repair'] as properties,
    st_asgeojson(st_transform(t.geom, 4326), 9)::jsonb as geometry,
    st_dimension(t.geom) as dimension
from {layer} t left join api.dataset d on d.id = t.dataset_id
left join api.dataset_age a on a.id = t.dataset_id
where t.id = %(feature)s

-- name: evidence
select pack_version, row_id, told, pressed_length_m, pressed_area_m2 from ({evidence}) e
where e.finding_id = %(id)s

-- name: ground
-- How far the two are apart on the ground now: as the screen measured it, unless one was changed.
-- Of mains that end beside each other the screen measured what lies away from that end: no row.
select round(api.ground_m(case when %(centre)s then st_centroid(s.geom) else s.geom end, c.geom)
           ::numeric, 4) as ground_m
from {subject} s cross join {counterpart} c
where s.id = %(subject_id)s and c.id = %(counterpart_id)s
  and not (%(mains)s and (st_dwithin(st_boundary(s.geom), c.geom, 0.5)
                          or st_dwithin(st_boundary(c.geom), s.geom, 0.5)))

-- name: rule
-- The rule and the row by which it was judged, whatever edition is in force now.
select r.id as rule_id, r.pack, r.version, p.level, p.title as pack_title, p.in_force as pack_in_force,
    r.in_force, r.rule, r.family, r.kind, r.counterpart, r.classes, r.measured_from, r.measured_to,
    r.plane, r.test, r.strength, r.clause, r.edition, r.valid_from, r.valid_to, r.verified,
    r.certainty, r.source, r.text, r.measures, r.heuristic, r.relaxations, to_jsonb(w) as row,
    (select b.point_radius_m from api.rule_pack b where b.base and b.in_force) as point_radius_m
from api.rule r
join api.rule_pack p on p.id = r.pack and p.version = r.version
left join api.rule_row w on w.rule_id = r.id and w.id = %(row_id)s
where r.pack = %(pack)s and r.version = %(version)s and r.rule = %(rule)s

-- name: figure
-- Who set a figure: of the packs in force the deepest that gives it a value.
select f.id, f.value, f.unit, f.title, f.source, f.certainty, f.pack || '@' || f.version as pack
from api.rule_figure f
join api.rule_pack p on p.id = f.pack and p.version = f.version and p.in_force
where f.id = %(figure)s and f.value is not null
order by api.level_rank(p.level) desc,
         p.published_at desc limit 1

-- name: classes
-- What a pressure class is called.
select c.title from api.rule_class c
where c.class = %(class)s and c.pack || '@' || c.version = %(pack)s
union all
select c.title from api.rule_class c
join api.rule_pack p on p.id = c.pack and p.version = c.version and p.in_force
where c.class = %(class)s
limit 1

-- name: mains
select * from api.finding_mains(%(id)s)

-- name: bands
-- What every pack in force asks for this family and subject, nation first; whether it lies inside.
select band from api.finding_bands(%(id)s) band

-- name: inside
-- Whether the finding's own band is entered by the distance alone.
select api.inside(%(distance_m)s::numeric, %(accuracy_m)s::numeric, %(required_m)s::numeric,
                  %(kind)s) as by_distance

-- name: dates
select screened_at, waiting from api.screened

-- name: picture
-- The ground around a finding, as paths in metres from the middle of the frame (y downwards, as
-- SVG has it). The frame is four thirds as wide as high. It holds the whole subject, unless that
-- is so large that the distance could not be seen; what is longer than the frame is cut off at it.
with shown as materialized (
    select s.geom as subject, c.geom as counterpart, e.geom as evidence,
           coalesce(e.geom, s.geom) as focus
    from ({evidence}) e
    left join {subject} s on s.id = %(subject_id)s
    left join {counterpart} c on c.id = %(counterpart_id)s
    where e.finding_id = %(id)s and coalesce(e.geom, s.geom) is not null
), measured as (
    select greatest(6, 1.5 * span.narrow, 2.2 * coalesce(%(reach)s::float8, 0)) as base,
           span.whole, st_collect(subject, focus) as together, focus
    from shown
    cross join lateral (
        select greatest(st_ymax(focus) - st_ymin(focus),
                        0.75 * (st_xmax(focus) - st_xmin(focus))) as narrow,
               greatest(st_ymax(b) - st_ymin(b), 0.75 * (st_xmax(b) - st_xmin(b))) as whole
        from (select box2d(st_collect(subject, focus)) as b) box) span
), frame as (
    select case when fits then greatest(base, 1.3 * whole) else 1.4 * base end as height,
           (st_xmin(middle) + st_xmax(middle)) / 2 as x,
           (st_ymin(middle) + st_ymax(middle)) / 2 as y
    from (select base, whole, fits, box2d(case when fits then together else focus end) as middle
          from measured cross join lateral (select whole <= 3 * base as fits) f) m
), cut as (
    select height, x, y,
           st_makeenvelope(x - 0.72 * height, y - 0.55 * height, x + 0.72 * height,
                           y + 0.55 * height, %(srid)s) as box
    from frame
), drawn as (
    select st_clipbybox2d(subject, box::box2d) as subject,
           st_clipbybox2d(counterpart, box::box2d) as counterpart,
           case %(around)s
               when 'subject' then subject when 'counterpart' then counterpart end as inner_side,
           evidence, box, height, x, y
    from shown cross join cut
), ready as (
    select st_translate(subject, -x, -y) as subject,
           st_translate(counterpart, -x, -y) as counterpart,
           st_translate(st_clipbybox2d(st_buffer(
               st_clipbybox2d(inner_side, st_expand(box, %(reach)s::float8)::box2d),
               %(reach)s::float8, 'quad_segs=16'), box::box2d), -x, -y) as band,
           st_translate(evidence, -x, -y) as evidence, height
    from drawn
)
select jsonb_build_object(
    'height', height,
    'subject', jsonb_build_object('d', st_assvg(st_collectionextract(subject,
            st_dimension(subject) + 1), 0, 3), 'dimension', st_dimension(subject),
        'x', st_x(st_centroid(subject)), 'y', -st_y(st_centroid(subject))),
    'counterpart', jsonb_build_object('d', st_assvg(st_collectionextract(counterpart,
            st_dimension(counterpart) + 1), 0, 3), 'dimension', st_dimension(counterpart),
        'x', st_x(st_centroid(counterpart)), 'y', -st_y(st_centroid(counterpart))),
    'band', st_assvg(st_collectionextract(band, 3), 0, 3),
    'line', case when geometrytype(evidence) = 'LINESTRING' and not %(pressed)s
        then jsonb_build_array(
            jsonb_build_array(st_x(st_startpoint(evidence)), -st_y(st_startpoint(evidence))),
            jsonb_build_array(st_x(st_endpoint(evidence)), -st_y(st_endpoint(evidence)))) end,
    'pressed', case when %(pressed)s then st_assvg(evidence, 0, 3) end) as shapes
from ready
