-- name: changes
-- One row more than asked tells whether there is a next page. A shape of very many vertices is
-- shown by its box (`whole` is false): a page has to stay a page.
select c.n, json_build_object(
    'type', 'Feature',
    'id', c.n,
    'geometry', st_asgeojson(st_transform(s.shown, 4326), 9, 0)::json,
    'properties', json_build_object(
        'op', c.op, 'feature_id', c.feature_id, 'source_id', c.source_id, 'changed', c.changed,
        'whole', coalesce(st_npoints(coalesce(c.after, c.before)) <= %(vertices)s, true),
        'before', st_asgeojson(st_transform(s.moved_from, 4326), 9, 0)::json))::text
from api.import_change c
cross join lateral (
    select case when st_npoints(coalesce(c.after, c.before)) <= %(vertices)s
                then coalesce(c.after, c.before)
                else st_envelope(coalesce(c.after, c.before)) end as shown,
           case when c.op <> 'update' or c.before is not distinct from c.after then null
                when st_npoints(c.before) <= %(vertices)s then c.before
                else st_envelope(c.before) end as moved_from) s
where c.import_id = %(id)s and c.n > %(after)s and (%(op)s::text is null or c.op = %(op)s)
order by c.n limit %(limit)s + 1

-- name: publish
select api.publish_import(%(id)s, %(remove)s)
