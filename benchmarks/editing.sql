-- name: some
-- Features anywhere, the same for every run of the same city.
select array_agg(id) from (select id from {layer} order by md5(id::text) limit %(count)s) f

-- name: waiting
select exists (select from data.change)

-- name: nudge
-- To and fro by 5 cm: the city stays what it was.
update {layer} set geom = st_translate(geom, %(by)s, 0) where id = any (%(ids)s)
