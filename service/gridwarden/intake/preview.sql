-- name: keep
update data.import set preview = %(preview)s where id = %(id)s

-- name: seen
select preview from api.import_preview where import_id = %(id)s

-- name: over
-- It goes with the import's file, `kept` are those whose file is there; a dry run's is looked at
-- for a day.
update data.import set preview = null
where preview is not null and id <> all (%(kept)s::bigint[])
  and state not in ('queued', 'running', 'held')
  and (state <> 'checked' or finished_at < clock_timestamp() - interval '1 day')
