-- name: bring
select api.bring(%(layer)s, %(dataset)s, %(file_name)s, %(bytes)s, %(sha256)s, %(ask)s, %(org_id)s)

-- name: job_of
select job_id from api.import where id = %(id)s

-- name: answer
select api.answer_import(%(id)s, %(answer)s)

-- name: over
-- Which of these imports need their file no more, and which are not known here at all. One that has
-- ended needs it for so many days when rows were rejected (they come back in it) or it was a dry
-- run (that can be published); no longer than until a later file of the dataset is published without
-- a reject.
select n.id, i.id is not null
from unnest(%(ids)s::bigint[]) n(id)
left join data.import i on i.id = n.id
left join data.job j on j.id = i.job_id
where i.id is null
   or (i.state not in ('queued', 'running', 'held') or j.state in ('failed', 'cancelled'))
      and not ((i.state = 'checked'
                or i.state in ('published', 'unchanged', 'failed') and coalesce(i.quarantined, 0) > 0)
               and i.finished_at > clock_timestamp() - make_interval(days => %(days)s)
               and not exists (
                   select from data.import l
                   where l.layer = i.layer and l.dataset = i.dataset and l.id > i.id
                     and l.state in ('published', 'unchanged') and l.quarantined = 0
                     and l.rollback_to is null))

-- name: forget_changes
-- What an import would change is kept while it waits, and for so many days after a dry run.
delete from data.import_change c
using (select i.id from (select distinct n.import_id from data.import_change n) n
       join data.import i on i.id = n.import_id
       left join data.job j on j.id = i.job_id
       where not (i.state = 'checked'
                  and i.finished_at > clock_timestamp() - make_interval(days => %(days)s)
                  or i.state in ('queued', 'running', 'held')
                  and j.state not in ('failed', 'cancelled'))) over
where c.import_id = over.id

-- name: one
select to_jsonb(i) from api.import i where id = %(id)s

-- name: page
-- Without the shapes of a question: fifty an option, of hundreds of imports.
select case when i.question is null then to_jsonb(i)
            else to_jsonb(i) || jsonb_build_object('question', i.question - 'options') end
from api.import i
where (%(before)s::bigint is null or id < %(before)s)
  and (%(layer)s::text is null or layer = %(layer)s)
  and (%(dataset)s::text is null or dataset = %(dataset)s)
order by id desc limit %(limit)s

-- name: rejects
select row, reason, column_name, value, source_id from api.reject
where import_id = %(id)s and row > %(after)s order by row limit %(limit)s

-- name: called
-- Names of a layer's datasets that a sender may know: of secret ones its own company's.
select name from data.dataset
where layer = %(layer)s and version > 0 and (not %(secret)s or org_id is not distinct from %(org)s)
order by name
