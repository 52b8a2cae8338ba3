-- name: number
select data.number_events(%(at_most)s)

-- name: forget
select data.forget_events(%(days)s, %(at_most)s)

-- name: clock
select last, forgotten from api.event_clock

-- name: choices
select filter, choice from api.event_choice order by 1, 2

-- name: seen
-- Events between two places, as their reader may see them: place, type, subject, time, and the text
-- of the whole as it is told, without the place: hidden events are counted in it. A point is lon, lat; a 500 m cell is of the working CRS.
select e.seq, e.topic || '.' || e.act as type, e.subject, to_jsonb(e.at) #>> '{}' as at,
       (jsonb_build_object('type', e.topic || '.' || e.act, 'at', e.at, 'subject', e.subject)
        || case when e.topic = 'import' then jsonb_build_object('import',
                jsonb_build_object('id', e.import_id, 'layer', e.layer) || e.detail)
           when e.topic = 'case' then jsonb_build_object('case', jsonb_build_object('id', e.case_id)
                || case when e.act = 'left' then '{}' else jsonb_build_object('family', e.family,
                       'grade', e.severity, 'district_id', e.district_id) end || e.detail)
           else jsonb_build_object('finding',
                jsonb_build_object('id', e.finding_id, 'family', e.family, 'layer', e.layer,
                    'subject_id', e.subject_id, 'severity', e.severity, 'certainty', e.certainty,
                    'main', e.main, 'district_id', e.district_id, 'reason', e.reason,
                    'cell', format('square-500/%%s/%%s', floor(e.x / 500), floor(e.y / 500)))
                || case when e.main then jsonb_build_object('distance_band', e.distance_band)
                   else '{}' end
                || case when e.veiled then '{}' else jsonb_build_object('geometry', st_asgeojson(
                       st_transform(st_setsrid(st_makepoint(e.x, e.y), %(srid)s), 4326), 7)::jsonb)
                   end) end)::text as told,
       case when e.topic = 'finding' and e.layer = 'gas_pipelines' and not e.veiled
            then e.subject_id end as main
from api.event e
where e.seq > %(after)s and e.seq <= %(upto)s
  and (%(topic)s::text is null or e.topic = %(topic)s)
  and (%(family)s::text is null or e.family = %(family)s)
  and (%(layer)s::text is null or e.layer = %(layer)s)
  and (%(severity)s::text is null or e.severity = %(severity)s)
  and (%(district)s::bigint is null or e.district_id = %(district)s)
order by e.seq
limit %(limit)s
