-- name: brought
select state, coalesce(rows_in, 0), coalesce(rows_good, 0), coalesce(repaired, 0),
       coalesce(quarantined, 0)
from api.import where id = %(id)s

-- name: screened
-- The job that publishing queued belongs to the work role; so does the reader.
select state, say from data.job where id = %(id)s

-- name: loaded
-- Every dataset published, and a full screen begun after the last of them has ended well.
select not exists (
        select from unnest(%(names)s::text[]) wanted
        where not exists (select from data.dataset d where d.name = wanted))
    and exists (
        select from data.job j
        where j.kind = 'screen' and j.state = 'finished' and j.started_at >= (
            select max(published_at) from data.dataset d where d.name = any(%(names)s::text[])))
