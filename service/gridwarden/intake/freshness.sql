-- name: told
-- What the staged rows say of themselves: their newest day, and the one organisation of all of them.
-- A day that is still to come tells nothing.
select max(s.told) filter (where s.told <= data.today()),
       case when count(*) = count(s.org_id) and min(s.org_id) = max(s.org_id) then min(s.org_id) end
from (select greatest({days}) as told, org_id from pg_temp.staging) s

-- name: confirmed
-- The whole file came again and nothing was to change: so it stood until now.
update data.dataset set confirmed_at = clock_timestamp() where id = %(dataset_id)s

-- name: promised
with was as (
    select id, layer, update_days from data.dataset where id = %(dataset_id)s
), now as (
    update data.dataset d set update_days = %(update_days)s from was
    where d.id = was.id and d.update_days is distinct from %(update_days)s
    returning d.layer, jsonb_build_object('dataset', d.id, 'import', %(id)s::bigint,
        'was', was.update_days, 'now', d.update_days) as told)
select api.record('promise', now.layer, now.told, 1) from now
