-- name: alone
-- One screener at a time, until the transaction ends; one that waited sees what the other wrote.
select pg_advisory_xact_lock(hashtext('gridwarden screen')), set_config('work_mem', '256MB', true)

-- name: take_changes
-- What this screen is about to see. Changes that are committed later stay in the queue, and come
-- back to it when this transaction fails.
with seen as (delete from data.change returning rows)
select coalesce(sum(rows), 0)::bigint from seen

-- name: empty
truncate data.judged

-- name: columns
-- The order in which compiled statements give their columns: the table's own.
insert into data.judged

-- name: strongest
-- Of what several statements found of one subject (and main) in one family, the strongest stays.
delete from data.judged j
using (
    select ctid, row_number() over (
        partition by family, layer, subject_id, main_id
        order by strength desc, data.severity_rank(severity) desc, margin_m nulls last, pack, rule) as place
    from data.judged) o
where o.ctid = j.ctid and o.place > 1

-- name: count
select count(*) from data.finding

-- name: remove
delete from data.finding f
where not exists (
    select from data.judged j
    where j.family = f.family and j.layer = f.layer and j.subject_id = f.subject_id
      and j.main_id is not distinct from f.main_id)

-- name: write
-- Differences only: a row that stays as it is, is not touched, and keeps when it was first seen.
merge into data.finding f
using data.judged j
on f.family = j.family and f.layer = j.layer and f.subject_id = j.subject_id
   and f.main_id is not distinct from j.main_id
when matched and (f.severity, f.certainty, f.distance_band, f.org_id, f.district_id, f.x, f.y)
        is distinct from
        (j.severity, j.certainty, j.distance_band, j.org_id, j.district_id, j.x, j.y)
    then update set severity = j.severity, certainty = j.certainty,
        distance_band = j.distance_band, org_id = j.org_id, district_id = j.district_id,
        x = j.x, y = j.y
when not matched
    then insert (family, layer, subject_id, main_id, severity, certainty, distance_band, org_id,
                 district_id, x, y)
    values (j.family, j.layer, j.subject_id, j.main_id, j.severity, j.certainty, j.distance_band,
            j.org_id, j.district_id, j.x, j.y)

-- name: write_exact
merge into data.finding_exact e
using (
    select f.id as finding_id, j.*
    from data.judged j
    join data.finding f on f.family = j.family and f.layer = j.layer
        and f.subject_id = j.subject_id and f.main_id is not distinct from j.main_id
) j
on e.finding_id = j.finding_id
when matched and (e.pack, e.pack_version, e.rule, e.row_id, e.clause, e.edition, e.verified,
        e.pressure_class, e.counterpart_layer, e.counterpart_id, e.distance_m, e.required_m, e.margin_m,
        e.accuracy_m, e.missing, e.assumed, e.pressed_length_m, e.pressed_area_m2, e.told, e.geom)
        is distinct from
        (j.pack, j.pack_version, j.rule, j.row_id, j.clause, j.edition, j.verified,
        j.pressure_class, j.counterpart_layer, j.counterpart_id, j.distance_m, j.required_m, j.margin_m,
        j.accuracy_m, j.missing, j.assumed, j.pressed_length_m, j.pressed_area_m2, j.told, j.geom)
    then update set pack = j.pack, pack_version = j.pack_version, rule = j.rule,
        row_id = j.row_id, clause = j.clause, edition = j.edition, verified = j.verified, pressure_class = j.pressure_class,
        counterpart_layer = j.counterpart_layer, counterpart_id = j.counterpart_id,
        distance_m = j.distance_m, required_m = j.required_m, margin_m = j.margin_m,
        accuracy_m = j.accuracy_m, missing = j.missing, assumed = j.assumed,
        pressed_length_m = j.pressed_length_m, pressed_area_m2 = j.pressed_area_m2,
        told = j.told, geom = j.geom
when not matched
    then insert (finding_id, pack, pack_version, rule, row_id, clause, edition, verified,
        pressure_class, counterpart_layer, counterpart_id, distance_m, required_m, margin_m,
        accuracy_m, missing, assumed, pressed_length_m, pressed_area_m2, told, geom)
    values (j.finding_id, j.pack, j.pack_version, j.rule, j.row_id, j.clause, j.edition,
        j.verified, j.pressure_class, j.counterpart_layer, j.counterpart_id, j.distance_m,
        j.required_m, j.margin_m, j.accuracy_m, j.missing, j.assumed, j.pressed_length_m,
        j.pressed_area_m2, j.told, j.geom)

-- name: counted
select family, severity, certainty, count(*) from data.finding
group by family, severity, certainty
order by family, array_position(array['major', 'serious', 'general'], severity), certainty

-- name: record
select api.record('screen', 'findings', %(detail)s::jsonb, %(rows)s)
