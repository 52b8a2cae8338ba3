-- name: brought
select state, coalesce(rows_in, 0), coalesce(rows_good, 0), coalesce(repaired, 0),
       coalesce(quarantined, 0), screen_job_id
from api.import where id = %(id)s

-- name: screened
-- The job that publishing queued belongs to the work role; so does the reader.
select state, say from data.job where id = %(id)s
