-- name: bring
select api.bring(%(layer)s, %(dataset)s, %(file_name)s, %(bytes)s, %(sha256)s, %(ask)s, %(org_id)s)

-- name: job_of
select job_id from api.import where id = %(id)s

-- name: answer
select api.answer_import(%(id)s, %(answer)s)

-- name: over
-- Which of these imports have ended, and which are not known here at all.
select n.id, i.id is not null
from unnest(%(ids)s::bigint[]) n(id)
left join data.import i on i.id = n.id
left join data.job j on j.id = i.job_id
where i.id is null or i.state not in ('queued', 'running', 'held')
   or j.state in ('failed', 'cancelled')

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
