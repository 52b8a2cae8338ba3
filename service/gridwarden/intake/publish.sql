-- name: take
-- One process at a time works on an import; a second waits here and then finds it done.
select pg_advisory_xact_lock(hashtextextended('import ' || %(id)s, 0))

-- name: begun
update data.import set state = 'running', started_at = coalesce(started_at, clock_timestamp())
where id = %(id)s and state in ('queued', 'running')
returning layer, dataset, ask, org_id, file_name, role, person

-- name: still_open
select state in ('queued', 'running') from data.import where id = %(id)s

-- name: held
select state = 'held', say from data.import where id = %(id)s

-- name: staging
select data.make_staging(%(layer)s, %(columns)s)

-- name: copy
copy pg_temp.staging (row_no, {columns}) from stdin (format binary)

-- name: reject
copy data.quarantine (import_id, row, reason, column_name, value, source_id, more) from stdin

-- name: refused
copy pg_temp.refused (row_no, geom) from stdin

-- name: forget_rejects
delete from data.quarantine where import_id = %(id)s

-- name: placed
-- Of several that are called so, none is meant.
update pg_temp.staging s set geom = f.place
from (select n.called, (array_agg(st_pointonsurface(n.geom)))[1] as place
      from (select t.name as called, t.id, t.geom from {other} t
            where t.name in (select btrim(w.{column}) from pg_temp.staging w where w.geom is null)
            union all
            select t.code, t.id, t.geom from {other} t
            where t.code is distinct from t.name
              and t.code in (select btrim(w.{column}) from pg_temp.staging w where w.geom is null)) n
      group by n.called having count(*) = 1) f
where s.geom is null and f.called = btrim(s.{column})

-- name: unplaced
with nowhere as (
    delete from pg_temp.staging s where s.geom is null
    returning s.row_no, s.source_id, coalesce({named}) as named)
insert into data.quarantine (import_id, row, reason, column_name, value, source_id)
select %(id)s, row_no, case when named is null then 'no_geometry' else 'no_such_place' end,
       case when named is not null then %(field)s end, left(named, 200), source_id
from nowhere

-- name: twice
-- The first of several rows with one identity is kept; the others go to quarantine.
with again as (
    delete from pg_temp.staging s
    using (select source_id, min(row_no) as first from pg_temp.staging
           group by source_id having count(*) > 1) n
    where n.source_id = s.source_id and s.row_no > n.first
    returning s.row_no, s.source_id)
insert into data.quarantine (import_id, row, reason, column_name, value, source_id)
select %(id)s, row_no,
       case when source_id like 'content:%%' then 'duplicate_row' else 'duplicate_id' end,
       case when source_id like 'content:%%' then null else %(field)s end,
       case when source_id like 'content:%%' then null else source_id end,
       source_id
from again

-- name: good
select count(*), count(repair) from pg_temp.staging

-- name: reasons
select coalesce(jsonb_object_agg(reason, n), '{}'), coalesce(sum(n), 0)::bigint
from (select reason, count(*) as n from data.quarantine where import_id = %(id)s group by reason) r

-- name: dataset_there
select id, org_id, version from data.dataset where layer = %(layer)s and name = %(dataset)s

-- name: dataset_made
insert into data.dataset (layer, name, update_days)
values (%(layer)s, %(dataset)s, %(update_days)s)
on conflict (layer, name) do nothing

-- name: dataset_held
-- Publications of one dataset come one after the other.
select id, org_id, version from data.dataset
where layer = %(layer)s and name = %(dataset)s for update

-- name: org_all
update pg_temp.staging set org_id = %(org)s

-- name: org_by_operator
update pg_temp.staging s set org_id = o.id
from (select distinct on (spelt) spelt, id
      from (select id, unnest(array[name, code, source_id]) as spelt from data.organisations) n
      where spelt is not null order by spelt, id) o
where o.spelt = s.operator

-- name: without_org
select count(*) from pg_temp.staging where org_id is null

-- name: staging_ready
select data.staging_ready()

-- name: gone
delete from {layer} t using pg_temp.difference f where f.op = 'delete' and t.id = f.id

-- name: altered
update {layer} t set {assignments}
from pg_temp.difference f join pg_temp.staging n on n.row_no = f.row_no
where f.op = 'update' and t.id = f.id

-- name: new
insert into {layer} ({again}dataset_id, {columns}) {overriding}
select {again_values}%(dataset_id)s, {values} from pg_temp.staging n
where %(all)s or n.row_no in (select f.row_no from pg_temp.difference f where f.op = 'insert')

-- name: put_off
select data.put_off_indexes(%(layer)s)

-- name: make_put_off
select data.make_put_off_indexes()

-- name: versioned
with next as (
    update data.dataset
    set version = version + 1, org_id = coalesce(%(org)s, org_id),
        crs = case when %(partial)s and 'bd09' in (crs, %(crs)s) then 'bd09'
                   else coalesce(%(crs)s, crs) end,
        source = %(source)s, published_at = clock_timestamp(),
        -- some rows that come home leave the rest as old as it is; what comes back has its old day
        surveyed_on = case when %(partial)s then greatest(surveyed_on, %(surveyed_on)s)
            else coalesce(%(surveyed_on)s, (
                select coalesce(v.surveyed_on, data.city_day(v.published_at))
                from data.dataset_version v
                where v.dataset_id = dataset.id and v.version = %(rolled_back_to)s)) end,
        supplier_id = case when %(partial)s then supplier_id else %(supplier)s end
    where id = %(dataset_id)s
    returning id, version, crs, surveyed_on)
insert into data.dataset_version (dataset_id, version, import_id, added, changed, removed, person,
                                  rolled_back_to, crs, surveyed_on)
select id, version, %(id)s, %(added)s, %(changed)s, %(removed)s, %(person)s, %(rolled_back_to)s, crs,
    surveyed_on
from next
returning version

-- name: superseded
-- An older file of this dataset that waits for an answer was counted against the version before.
with old as (
    update data.import set state = 'cancelled', finished_at = clock_timestamp(), say = null
    where layer = %(layer)s and dataset = %(dataset)s and state = 'held' and id < %(id)s
    returning job_id)
update data.job j set state = 'cancelled', finished_at = clock_timestamp()
from old where j.id = old.job_id and j.state = 'held'

-- name: ended
update data.import
set state = %(state)s, rows_in = %(rows_in)s,
    finished_at = case when %(state)s::text <> 'held' then clock_timestamp() end,
    rows_left_out = %(rows_left_out)s, rows_good = %(rows_good)s, repaired = %(repaired)s,
    quarantined = %(quarantined)s, reasons = %(reasons)s, matched = %(matched)s, added = %(added)s,
    changed = %(changed)s, removed = %(removed)s, kept = %(kept)s, version = %(version)s,
    notes = %(notes)s, say = %(say)s
where id = %(id)s

-- name: stopped
update data.import
set state = %(state)s, finished_at = clock_timestamp(), say = %(say)s
where id = %(id)s and state in ('queued', 'running')
