-- name: bring
select api.bring(%(layer)s, %(dataset)s, %(file_name)s, %(bytes)s, %(sha256)s, %(ask)s, %(org_id)s)

-- name: job_of
select job_id from api.import where id = %(id)s

-- name: dataset_owner
select org_id from api.dataset where layer = %(layer)s and name = %(dataset)s

-- name: organisation
select id from api.organisations where %(org)s in (id::text, code, name, source_id)

-- name: one
select to_jsonb(i) from api.import i where id = %(id)s

-- name: page
select to_jsonb(i) from api.import i
where (%(before)s::bigint is null or id < %(before)s)
  and (%(layer)s::text is null or layer = %(layer)s)
  and (%(dataset)s::text is null or dataset = %(dataset)s)
order by id desc limit %(limit)s

-- name: rejects
select row, reason, column_name, value, source_id from api.reject
where import_id = %(id)s and row > %(after)s order by row limit %(limit)s
