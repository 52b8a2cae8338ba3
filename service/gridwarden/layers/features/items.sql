-- Pages and single features as GeoJSON text; the braces are filled by psycopg.sql with names and
-- conditions that come from the layer's file, never from a caller.

-- name: items
-- Keyset paging: one row more than asked tells whether there is a next page.
with page as materialized (
    select f.*
    from {view} f
    where f.id > %(after)s{where}
    order by f.id
    limit %(limit)s + 1
),
shown as (
    select f.id, {feature} as feature
    from (select * from page order by id limit %(limit)s) f
)
select convert_to(
    '{{"type":"FeatureCollection","timeStamp":' || to_json(clock_timestamp())::text
    || ',"numberReturned":' || count(*)
    || ',"links":' || (%(links)s::jsonb || case
        when (select count(*) from page) > count(*) then jsonb_build_array(jsonb_build_object(
            'rel', 'next', 'type', 'application/geo+json', 'title', %(next_title)s::text,
            'href', %(next)s::text || max(id)))
        else '[]' end)::text
    || ',"features":[' || coalesce(string_agg(feature, ',' order by id), '') || ']}}', 'UTF8'), {seen}
from shown

-- name: item
select convert_to({feature}, 'UTF8'), f.version, {seen} from {view} f where f.id = %(id)s

-- name: seen
-- Mains that leave are on record, in the statement that reads them.
api.saw(%(route)s, {mains})

-- name: seen_of_day
-- And add to the person's day.
api.saw_whole(%(route)s, {mains}, %(reason_km)s::numeric, %(second_km)s::numeric, %(why)s,
    %(request)s::bigint, %(part)s)

-- name: feature
json_build_object(
    'type', 'Feature',
    'id', f.id,
    'geometry', st_asgeojson({shape}, {digits}, 0)::json,
    'properties', (select to_json(p) from (select {columns}) p)
)::text

-- name: own_area
-- The view tells exactly; the index begins with the box around the caller's grids or districts.
f.geom && (select api.my_area())

-- name: in_window
-- The index finds candidates in the working CRS; the answer is exact in the box's own.
(f.geom && st_makeenvelope({around}, {working}) and st_intersects({shape}, {box}))

-- name: box
-- st_envelope keeps a box without width or height as a line or a point.
st_setsrid(st_envelope(st_makeline(st_makepoint({west}, {south}), st_makepoint({east}, {north}))), {srid})

-- name: extent
-- Where the layer lies as this caller may see it: west, south, east, north in degrees.
select json_build_array(st_xmin(e), st_ymin(e), st_xmax(e), st_ymax(e))
from (
    select st_transform(st_segmentize(st_setsrid(st_extent(f.geom)::geometry, {working}), 10000), 4326) as e
    from {view} f
) x
where e is not null

-- name: look
select api.look(%(purpose)s)

-- name: loaded
select layer, name || '@' || version from api.dataset where version > 0 order by layer, name
