-- name: taken
select api.record('hazard_folder', %(object)s, jsonb_build_object('files', %(files)s::integer))
