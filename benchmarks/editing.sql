-- name: some
-- Buildings anywhere, the same for every run of the same city.
select array_agg(id) from (select id from data.buildings order by md5(id::text) limit %(count)s) b

-- name: some_mains
select array_agg(id) from (select id from data.gas_pipelines order by md5(id::text) limit %(count)s) m

-- name: nudge
-- To and fro by 5 cm: the city stays what it was.
update {layer} set geom = st_translate(geom, %(by)s, 0) where id = any (%(ids)s)

-- name: differ
-- What a fresh screen would find otherwise.
select count(*) from data.difference
