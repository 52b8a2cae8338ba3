-- name: datasets
select to_jsonb(d) || jsonb_build_object('supplier', a.supplier, 'surveyed_on', a.surveyed_on,
    'dated', a.dated, 'age_days', a.age_days, 'update_days', a.update_days, 'due_on', a.due_on,
    'late_days', a.late_days, 'late', a.late)
from api.dataset d left join api.dataset_age a on a.id = d.id
where d.id > %(after)s
  and (%(layer)s::text is null or d.layer = %(layer)s)
  and (%(name)s::text is null or d.name = %(name)s)
order by d.id limit %(limit)s + 1

-- name: dataset
select to_jsonb(d) from api.dataset d where d.id = %(id)s

-- name: versions
select to_jsonb(v) from api.dataset_version v
where v.dataset_id = %(id)s and (%(before)s::integer is null or v.version < %(before)s)
order by v.version desc limit %(limit)s + 1

-- name: later
select to_jsonb(v) from api.dataset_version v
where v.dataset_id = %(id)s and v.version > %(version)s order by v.version desc limit %(limit)s

-- name: edits
select api.edits_since(%(id)s, %(version)s)

-- name: roll_back
select api.roll_back(%(id)s, %(version)s, %(dry_run)s, %(remove)s)

-- name: reading
-- Whose coordinates the rows of a version were.
select crs from data.dataset_version where dataset_id = %(dataset_id)s and version = %(version)s

-- name: as_correction
-- History says of what follows that it puts a mistake right.
select set_config('gridwarden.nature', 'correction', true)

-- name: stage
select data.stage_version(%(layer)s, %(dataset_id)s, %(version)s, %(columns)s)
