-- name: case
select veiled from api.hazard_case where id = %(case)s

-- name: add
select api.add_proof(%(case)s, %(said)s)

-- name: listed
-- Newest first; `lon`, `lat`: where the camera stood, for who sees the place.
select id, case_id, kind, sha256, name, media, bytes, width, height, taken_at, taken_zoned, lon, lat,
       system, accuracy_m, distance_m, within_m, checks, note, role, person, at, day, preview, whole
from api.hazard_proof
where case_id = %(case)s and (%(proof)s::bigint is null or id = %(proof)s)
order by id desc
limit 500

-- name: file
select api.proof_file(%(case)s, %(proof)s, %(whole)s)

-- name: kept
select sha256, preview from api.proof_kept()
