-- name: job
select say from api.job where id = %(id)s

-- name: look
select api.look(%(purpose)s)

-- name: exact
-- The evidence for those who may read mains: the view gives that of their own, or of their
-- districts after a look.
select finding_id, pack, rule, clause, edition, verified, pressure_class, counterpart_layer,
    counterpart_id, distance_m, required_m, margin_m, accuracy_m, missing, assumed,
    pressed_length_m, pressed_area_m2, geom
from api.finding_exact

-- name: open
-- For all others: that of findings which no main is part of.
select id as finding_id, pack, rule, clause, edition, verified, null::text as pressure_class,
    counterpart_layer, counterpart_id, distance_m, required_m, margin_m, accuracy_m, missing,
    assumed, null::numeric as pressed_length_m, null::numeric as pressed_area_m2, geom
from api.finding where not main

-- name: chosen
-- What a request asks for, of what its caller may see. A rule, and a box (degrees), select only
-- rows whose evidence the caller may read: boxes can be as thin as one likes. A cell is half-open.
select f.id, f.family, f.layer, f.subject_id, f.severity, f.certainty, f.main, f.district_id,
    f.first_seen, f.distance_band, f.x, f.y, e.finding_id, e.pack, e.rule, e.clause, e.edition,
    e.verified, e.pressure_class, e.counterpart_layer, e.counterpart_id, e.distance_m,
    e.required_m, e.margin_m, e.accuracy_m, e.missing, e.assumed, e.pressed_length_m,
    e.pressed_area_m2, e.geom,
    case when %(worst_first)s
         then array_position(array['major', 'serious', 'general'], f.severity) else 0 end as rank
from api.finding f
left join ({evidence}) e on e.finding_id = f.id
where (%(number)s::bigint is null or f.id = %(number)s)
  and (%(family)s::text is null or f.family = %(family)s)
  and (%(rule)s::text is null or e.rule = %(rule)s)
  and (%(layer)s::text is null or f.layer = %(layer)s)
  and (%(severity)s::text is null or f.severity = %(severity)s)
  and (%(certainty)s::text is null or f.certainty = %(certainty)s)
  and (%(district)s::bigint is null or f.district_id = %(district)s)
  and (%(column)s::bigint is null
       or floor(f.x / %(size)s) = %(column)s and floor(f.y / %(size)s) = %(row)s)
  and (%(bbox)s::float8[] is null or e.finding_id is not null and st_intersects(
       st_transform(st_setsrid(st_makepoint(f.x, f.y), %(srid)s), 4326),
       st_makeenvelope((%(bbox)s::float8[])[1], (%(bbox)s::float8[])[2],
                       (%(bbox)s::float8[])[3], (%(bbox)s::float8[])[4], 4326)))

-- name: total
select count(*) from ({chosen}) c

-- name: page
-- One page of them, after the row of this rank and id.
select jsonb_build_object('items', coalesce(jsonb_agg(p.item order by p.place)
           filter (where p.place <= %(limit)s), '[]'),
       'last', jsonb_agg(jsonb_build_array(p.rank, p.id)) filter (where p.place = %(limit)s) -> 0,
       'more', count(*) > %(limit)s)
from (
    select c.rank, c.id, row_number() over (order by c.rank, c.id) as place,
           jsonb_build_object('id', c.id, 'family', c.family, 'layer', c.layer,
               'subject_id', c.subject_id, 'severity', c.severity, 'certainty', c.certainty,
               'main', c.main, 'district_id', c.district_id, 'first_seen', c.first_seen)
           || case when c.main then jsonb_build_object('distance_band', c.distance_band)
              else '{{}}' end
           || case when c.finding_id is not null or not c.main then jsonb_build_object(
                  'pack', c.pack, 'rule', c.rule, 'clause', c.clause, 'edition', c.edition,
                  'verified', c.verified, 'counterpart_layer', c.counterpart_layer,
                  'counterpart_id', c.counterpart_id, 'distance_m', c.distance_m,
                  'required_m', c.required_m, 'margin_m', c.margin_m,
                  'accuracy_m', c.accuracy_m, 'missing', c.missing, 'assumed', c.assumed,
                  'geometry', st_asgeojson(st_transform(coalesce(c.geom,
                      st_setsrid(st_makepoint(c.x, c.y), %(srid)s)), 4326), 9)::jsonb)
              else '{{}}' end
           || case when c.main and c.finding_id is not null then jsonb_build_object(
                  'pressure_class', c.pressure_class, 'pressed_length_m', c.pressed_length_m,
                  'pressed_area_m2', c.pressed_area_m2)
              else '{{}}' end as item
    from (select * from ({chosen}) found
          where (found.rank, found.id) > (%(after_rank)s::int, %(after)s::bigint)
            -- by the index of ids, where that is the order
            and found.id > case when %(worst_first)s then 0 else %(after)s::bigint end
          order by found.rank, found.id
          limit %(limit)s + 1) c
) p
