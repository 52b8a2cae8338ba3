-- name: job
select say from api.job where id = %(id)s

-- name: look
select api.look(%(purpose)s)

-- name: open
-- For planners: of what is tied to mains the grade and the band, and never by a box.
with page as (
    select f.*
    from api.finding f
    where f.id > %(after)s
      and (%(family)s::text is null or f.family = %(family)s)
      and (%(rule)s::text is null or f.rule = %(rule)s)
      and (%(layer)s::text is null or f.layer = %(layer)s)
      and (%(severity)s::text is null or f.severity = %(severity)s)
      and (%(certainty)s::text is null or f.certainty = %(certainty)s)
      and (%(district)s::bigint is null or f.district_id = %(district)s)
      and (%(column)s::bigint is null
           or floor(f.x / %(size)s) = %(column)s and floor(f.y / %(size)s) = %(row)s)
      and (%(bbox)s::float8[] is null or not f.main and st_intersects(
           st_transform(st_setsrid(st_makepoint(f.x, f.y), %(srid)s), 4326),
           st_makeenvelope((%(bbox)s::float8[])[1], (%(bbox)s::float8[])[2],
                           (%(bbox)s::float8[])[3], (%(bbox)s::float8[])[4], 4326)))
    order by f.id
    limit %(limit)s + 1
)
select jsonb_build_object('items', coalesce(jsonb_agg(p.item order by p.id)
           filter (where p.place <= %(limit)s), '[]'),
       'last', max(p.id) filter (where p.place = %(limit)s),
       'more', count(*) > %(limit)s)
from (
    select f.id, row_number() over (order by f.id) as place,
           jsonb_build_object('id', f.id, 'family', f.family, 'layer', f.layer,
               'subject_id', f.subject_id, 'severity', f.severity, 'certainty', f.certainty,
               'main', f.main, 'district_id', f.district_id, 'first_seen', f.first_seen)
           || case when f.main then jsonb_build_object('distance_band', f.distance_band)
              else jsonb_build_object('pack', f.pack, 'rule', f.rule, 'clause', f.clause,
                  'edition', f.edition, 'verified', f.verified,
                  'counterpart_layer', f.counterpart_layer, 'counterpart_id', f.counterpart_id,
                  'distance_m', f.distance_m, 'required_m', f.required_m,
                  'margin_m', f.margin_m, 'accuracy_m', f.accuracy_m, 'missing', f.missing,
                  'assumed', f.assumed,
                  'geometry', st_asgeojson(st_transform(coalesce(f.geom,
                      st_setsrid(st_makepoint(f.x, f.y), %(srid)s)), 4326), 9)::jsonb)
              end as item
    from page f
) p

-- name: exact
-- For those who may read the main itself: everything, with the evidence.
with page as (
    select f.id, f.family, f.layer, f.subject_id, f.severity, f.certainty, f.main,
           f.district_id, f.first_seen, f.distance_band, f.x, f.y, e.finding_id, e.pack, e.rule,
           e.clause, e.edition, e.verified, e.pressure_class, e.counterpart_layer,
           e.counterpart_id, e.distance_m, e.required_m, e.margin_m, e.accuracy_m, e.missing,
           e.assumed, e.pressed_length_m, e.pressed_area_m2, e.geom
    from api.finding f
    left join api.finding_exact e on e.finding_id = f.id
    where f.id > %(after)s
      and (%(family)s::text is null or f.family = %(family)s)
      and (%(rule)s::text is null or e.rule = %(rule)s)
      and (%(layer)s::text is null or f.layer = %(layer)s)
      and (%(severity)s::text is null or f.severity = %(severity)s)
      and (%(certainty)s::text is null or f.certainty = %(certainty)s)
      and (%(district)s::bigint is null or f.district_id = %(district)s)
      and (%(column)s::bigint is null
           or floor(f.x / %(size)s) = %(column)s and floor(f.y / %(size)s) = %(row)s)
      and (%(bbox)s::float8[] is null or (not f.main or e.finding_id is not null)
           and st_intersects(
           st_transform(st_setsrid(st_makepoint(f.x, f.y), %(srid)s), 4326),
           st_makeenvelope((%(bbox)s::float8[])[1], (%(bbox)s::float8[])[2],
                           (%(bbox)s::float8[])[3], (%(bbox)s::float8[])[4], 4326)))
    order by f.id
    limit %(limit)s + 1
)
select jsonb_build_object('items', coalesce(jsonb_agg(p.item order by p.id)
           filter (where p.place <= %(limit)s), '[]'),
       'last', max(p.id) filter (where p.place = %(limit)s),
       'more', count(*) > %(limit)s)
from (
    select f.id, row_number() over (order by f.id) as place,
           jsonb_build_object('id', f.id, 'family', f.family, 'layer', f.layer,
               'subject_id', f.subject_id, 'severity', f.severity, 'certainty', f.certainty,
               'main', f.main, 'district_id', f.district_id, 'first_seen', f.first_seen)
           || case when f.main then jsonb_build_object('distance_band', f.distance_band)
              else '{}' end
           || case when f.finding_id is not null then jsonb_build_object('pack', f.pack,
                  'rule', f.rule, 'clause', f.clause, 'edition', f.edition,
                  'verified', f.verified, 'pressure_class', f.pressure_class,
                  'counterpart_layer', f.counterpart_layer, 'counterpart_id', f.counterpart_id,
                  'distance_m', f.distance_m, 'required_m', f.required_m,
                  'margin_m', f.margin_m, 'accuracy_m', f.accuracy_m, 'missing', f.missing,
                  'assumed', f.assumed, 'pressed_length_m', f.pressed_length_m,
                  'pressed_area_m2', f.pressed_area_m2,
                  'geometry', st_asgeojson(st_transform(coalesce(f.geom,
                      st_setsrid(st_makepoint(f.x, f.y), %(srid)s)), 4326), 9)::jsonb)
              else '{}' end as item
    from page f
) p
