-- name: alone
-- One screener at a time, until the transaction ends; one that waited sees what the other wrote.
-- Not the lock of api.queue_screen(): who asks for a screening must not wait for one.
select pg_advisory_xact_lock(hashtext('gridwarden screening')), set_config('work_mem', '256MB', true)

-- name: forget_changes
select data.empty_at_once('{change_seen}')

-- name: take_changes
-- What this screen is about to see. Changes that are committed later stay in the queue, and come
-- back to it when this transaction fails. A dataset that is read otherwise counts, too, though none
-- of its rows changed.
with seen as (
    delete from data.change returning layer, feature_id, xid, rows
), kept as (
    insert into data.change_seen (layer, feature_id, xid, rows)
        select layer, feature_id, xid, rows from seen)
select coalesce(sum(greatest(rows, 1)), 0)::bigint from seen

-- name: marks
-- What is judged now, and what judged last, family by family on each layer.
select family, layer, n.mark is distinct from g.mark as turned, coalesce(n.beside, '{}') as beside
from data.judging_marks() n full join data.judged_group g using (family, layer)
order by family, layer

-- name: ever
select exists (select from data.judged_group)

-- name: in_force
-- The packs and rules that statements stand on.
select data.packs_in_force(), array(select r.id from data.rule r where r.in_force order by r.id)

-- name: hold_rules
-- From here to the end of the transaction nobody publishes.
select pg_advisory_xact_lock_shared(hashtext('gridwarden rules'))

-- name: empty
select data.empty_at_once('{judged,again}')

-- name: empty_difference
select data.empty_at_once('{difference}')

-- name: columns
-- The order in which compiled statements give their columns: the table's own.
insert into data.judged

-- name: strongest
-- Of what several statements found of one subject (and main) in one family, the strongest stays.
delete from data.judged j
using (
    select ctid, row_number() over (
        partition by family, layer, subject_id, main_id
        order by strength desc, data.severity_rank(severity) desc, certainty, margin_m nulls last,
                 pack, rule) as place
    from data.judged) o
where o.ctid = j.ctid and o.place > 1

-- name: join_sets
-- The planner takes work tables that nobody has analysed for small ones, and would compare every
-- row with every other: from here on sets are joined with sets.
select set_config('enable_nestloop', 'off', true)

-- name: compare
-- What differs from the findings that there are, of those judged now. A row of a
-- newer version of a pack is the same as the older one's while its rule says the same.
with pair as materialized (
    select distinct e.row_id as was, j.row_id as now
    from data.judged j
    join data.finding f on f.family = j.family and f.layer = j.layer
        and f.subject_id = j.subject_id and f.main_id is not distinct from j.main_id
    join data.finding_exact e on e.finding_id = f.id
    where e.row_id <> j.row_id
), other as materialized (
    select was, now from pair where data.same_row(was, now) is not true
), found as (
    select f.id, f.family, f.layer, f.subject_id, f.main_id, e.row_id, e.counterpart_layer,
           e.counterpart_id,
           (f.severity, f.certainty, f.distance_band, f.org_id, f.district_id, f.x, f.y) as itself,
           (f.severity, f.certainty, f.distance_band, f.org_id, f.district_id,
            floor(f.x / 500), floor(f.y / 500)) as cell,
           (e.pack, e.rule, e.clause, e.edition, e.verified, e.pressure_class,
            e.counterpart_layer, e.counterpart_id, e.distance_m, e.required_m, e.margin_m,
            e.accuracy_m, e.missing, e.assumed, e.pressed_length_m, e.pressed_area_m2, e.told,
            e.geom) as evidence
    from data.finding f join data.finding_exact e on e.finding_id = f.id
    where {found}
), judged as (
    select j.family, j.layer, j.subject_id, j.main_id, j.row_id, j.counterpart_layer,
           j.counterpart_id,
           (j.severity, j.certainty, j.distance_band, j.org_id, j.district_id, j.x, j.y) as itself,
           (j.severity, j.certainty, j.distance_band, j.org_id, j.district_id,
            floor(j.x / 500), floor(j.y / 500)) as cell,
           (j.pack, j.rule, j.clause, j.edition, j.verified, j.pressure_class,
            j.counterpart_layer, j.counterpart_id, j.distance_m, j.required_m, j.margin_m,
            j.accuracy_m, j.missing, j.assumed, j.pressed_length_m, j.pressed_area_m2, j.told,
            j.geom) as evidence
    from data.judged j
), both_sides as (
    select f.id, coalesce(j.family, f.family) as family, coalesce(j.layer, f.layer) as layer,
           coalesce(j.subject_id, f.subject_id) as subject_id,
           coalesce(j.main_id, f.main_id) as main_id,
           coalesce(j.counterpart_layer, f.counterpart_layer) as counterpart_layer,
           array_remove(array[f.counterpart_id, j.counterpart_id], null) as counterparts,
           case when f.id is null then 'added' when j.family is null then 'ended'
                else 'changed' end as act,
           f.itself is distinct from j.itself as moved,
           f.cell is distinct from j.cell as shown,
           f.evidence is distinct from j.evidence or o.was is not null as told
    from judged j
    full join found f on f.family = j.family and f.layer = j.layer
        and f.subject_id = j.subject_id and coalesce(f.main_id, 0) = coalesce(j.main_id, 0)
    left join other o on o.was = f.row_id and o.now = j.row_id
)
insert into data.difference (act, finding_id, family, layer, subject_id, main_id,
    counterpart_layer, counterparts, moved, shown, told)
select act, id, family, layer, subject_id, main_id, counterpart_layer, counterparts, moved, shown,
       told
from both_sides where moved or told

-- name: found_all
true

-- name: found_of_groups
(f.family, f.layer) in (select * from unnest(%(families)s::text[], %(layers)s::text[]))

-- name: found_of_touched
-- Of the subjects judged again, those families on their layer that were asked: that look at the layer
-- of the cause, or all where the subject changed itself or no cause stands beside it.
f.id in (
    select o.id from data.again a
    join data.finding o on o.layer = a.layer and o.subject_id = a.subject_id
    where a.cause_layer is null or a.cause_layer = a.layer and a.cause_id = a.subject_id
       or (o.family, o.layer, a.cause_layer) in (
           select * from unnest(%(families)s::text[], %(layers)s::text[], %(beside)s::text[])))

-- name: by_rule
-- `turned`: what is judged otherwise than the last time. A difference there is the rules' where
-- neither its subject nor its counterpart changed, nor what the rule counts or looks for; a move
-- to another district is the districts'.
with changed as materialized (
    select layer, feature_id from data.changed_features()
), turned as (
    select * from jsonb_to_recordset(%(turned)s::jsonb)
        as t(family text, layer text, beside text[])
), changed_layer as materialized (
    select distinct layer from changed
), counts as materialized (
    -- here and once: asked for each difference, a first screening of a million features never ended
    select t.family, t.layer
    from turned t
    where not exists (select from changed_layer c where c.layer = any (t.beside))
), touched as materialized (
    -- by equality: of a whole city's differences not each is held against every change
    select distinct d.ctid as place
    from data.difference d
    cross join lateral unnest(d.counterparts) k(id)
    join changed c on c.layer = d.counterpart_layer and c.feature_id = k.id
)
update data.difference d set reason = 'rule'
from counts t
where t.family = d.family and t.layer = d.layer
  and not exists (select from changed c where c.layer = d.layer and c.feature_id = d.subject_id)
  and not exists (select from changed c
                  where c.layer = 'gas_pipelines' and c.feature_id = d.main_id)
  and not exists (select from touched o where o.place = d.ctid)
  and not (d.act = 'changed' and d.moved and not d.told
           and exists (select from changed c where c.layer = 'districts'))

-- name: whose_changes
-- Which of the changes seen the findings that differ could be due to: for `causes`.
with changed as materialized (
    select layer, feature_id, xid from data.changed_features()
)
insert into data.again (layer, subject_id, cause_layer, cause_id, cause_xid)
select distinct d.layer, d.subject_id, c.layer, c.feature_id, c.xid
from data.difference d
cross join lateral (
    values (d.layer, d.subject_id), ('gas_pipelines', d.main_id)
    union all select d.counterpart_layer, unnest(d.counterparts)) named(layer, id)
join changed c on c.layer = named.layer and c.feature_id = named.id
where d.reason = 'data'

-- name: causes
-- The one feature whose change made the difference: the subject itself, the main, whom the finding
-- names or named, one of those that are counted or looked for in vain, the district.
with likely as (
    select distinct on (d.ctid) d.ctid as place, a.cause_layer, a.cause_id, a.cause_xid
    from data.difference d
    join data.again a on a.layer = d.layer and a.subject_id = d.subject_id and a.cause_id is not null
    cross join lateral (select case
        when a.cause_layer = d.layer and a.cause_id = d.subject_id then 1
        when a.cause_layer = 'gas_pipelines' and a.cause_id = d.main_id then 2
        when a.cause_layer = d.counterpart_layer and a.cause_id = any (d.counterparts) then 3
        when exists (select from data.rule r where r.in_force and r.family = d.family
                     and d.layer = any (r.subjects)
                     and a.cause_layer in (case when r.kind = 'absence' then r.counterpart end,
                                           r.test #>> '{location,layer}')) then 4
        when a.cause_layer = 'districts' and d.act = 'changed' then 5 end as rank) by
    where d.reason = 'data' and by.rank is not null
    order by d.ctid, by.rank, a.cause_xid desc, a.cause_id)
update data.difference d
set cause_layer = l.cause_layer, cause_id = l.cause_id, cause_xid = l.cause_xid
from likely l where l.place = d.ctid

-- name: keep_past
insert into data.finding_past (id, family, layer, subject_id, main_id, main, severity, certainty,
    distance_band, org_id, district_id, x, y, first_seen, reason, cause_layer, cause_id, cause_xid,
    pack, pack_version, rule, row_id, clause, edition, verified, pressure_class, counterpart_layer,
    counterpart_id, distance_m, required_m, margin_m, accuracy_m, missing, assumed,
    pressed_length_m, pressed_area_m2, told, geom, valid, how, ended_reason, ended_cause_layer,
    ended_cause_id, ended_cause_xid)
select f.id, f.family, f.layer, f.subject_id, f.main_id, f.main, f.severity, f.certainty,
    f.distance_band, f.org_id, f.district_id, f.x, f.y, f.first_seen, f.reason, f.cause_layer,
    f.cause_id, f.cause_xid, e.pack, e.pack_version, e.rule, e.row_id, e.clause, e.edition,
    e.verified, e.pressure_class, e.counterpart_layer, e.counterpart_id, e.distance_m,
    e.required_m, e.margin_m, e.accuracy_m, e.missing, e.assumed, e.pressed_length_m,
    e.pressed_area_m2, e.told, e.geom,
    -- a clock that was set back may not turn a range around
    tstzrange(f.since, greatest(clock_timestamp(), f.since + interval '1 microsecond')), d.act,
    d.reason, d.cause_layer, d.cause_id, d.cause_xid
from data.difference d
join data.finding f on f.id = d.finding_id
join data.finding_exact e on e.finding_id = f.id
where d.act in ('changed', 'ended')

-- name: tell_ended
insert into data.event (topic, act, subject, finding_id, family, layer, subject_id, main_id, severity,
    certainty, distance_band, org_id, district_id, x, y, reason)
select 'finding', 'ended', 'finding ' || f.id, f.id, f.family, f.layer, f.subject_id, f.main_id,
       f.severity, f.certainty, f.distance_band, f.org_id, f.district_id, f.x, f.y, d.reason
from data.difference d join data.finding f on f.id = d.finding_id
where d.act = 'ended'

-- name: end
delete from data.finding f using data.difference d where d.act = 'ended' and f.id = d.finding_id

-- name: move
-- One of which the evidence alone changed is a new version, too.
update data.finding f
set severity = j.severity, certainty = j.certainty, distance_band = j.distance_band,
    org_id = j.org_id, district_id = j.district_id, x = j.x, y = j.y,
    since = greatest(clock_timestamp(), f.since + interval '1 microsecond'), reason = d.reason,
    cause_layer = d.cause_layer, cause_id = d.cause_id, cause_xid = d.cause_xid
from data.difference d
join data.judged j on j.family = d.family and j.layer = d.layer and j.subject_id = d.subject_id
    and coalesce(j.main_id, 0) = coalesce(d.main_id, 0)
where d.act = 'changed' and f.id = d.finding_id

-- name: tell
update data.finding_exact e
set pack = j.pack, pack_version = j.pack_version, rule = j.rule, row_id = j.row_id,
    clause = j.clause, edition = j.edition, verified = j.verified,
    pressure_class = j.pressure_class, counterpart_layer = j.counterpart_layer,
    counterpart_id = j.counterpart_id, distance_m = j.distance_m, required_m = j.required_m,
    margin_m = j.margin_m, accuracy_m = j.accuracy_m, missing = j.missing, assumed = j.assumed,
    pressed_length_m = j.pressed_length_m, pressed_area_m2 = j.pressed_area_m2, told = j.told,
    geom = j.geom
from data.difference d
join data.judged j on j.family = d.family and j.layer = d.layer and j.subject_id = d.subject_id
    and coalesce(j.main_id, 0) = coalesce(d.main_id, 0)
where d.act = 'changed' and d.told and e.finding_id = d.finding_id

-- name: add
insert into data.finding (family, layer, subject_id, main_id, severity, certainty, distance_band,
    org_id, district_id, x, y, reason, cause_layer, cause_id, cause_xid)
select j.family, j.layer, j.subject_id, j.main_id, j.severity, j.certainty, j.distance_band,
       j.org_id, j.district_id, j.x, j.y, d.reason, d.cause_layer, d.cause_id, d.cause_xid
from data.difference d
join data.judged j on j.family = d.family and j.layer = d.layer and j.subject_id = d.subject_id
    and coalesce(j.main_id, 0) = coalesce(d.main_id, 0)
where d.act = 'added'

-- name: add_exact
insert into data.finding_exact (finding_id, pack, pack_version, rule, row_id, clause, edition,
    verified, pressure_class, counterpart_layer, counterpart_id, distance_m, required_m, margin_m,
    accuracy_m, missing, assumed, pressed_length_m, pressed_area_m2, told, geom)
select f.id, j.pack, j.pack_version, j.rule, j.row_id, j.clause, j.edition, j.verified,
       j.pressure_class, j.counterpart_layer, j.counterpart_id, j.distance_m, j.required_m,
       j.margin_m, j.accuracy_m, j.missing, j.assumed, j.pressed_length_m, j.pressed_area_m2,
       j.told, j.geom
from data.difference d
join data.judged j on j.family = d.family and j.layer = d.layer and j.subject_id = d.subject_id
    and coalesce(j.main_id, 0) = coalesce(d.main_id, 0)
join data.finding f on f.family = d.family and f.layer = d.layer and f.subject_id = d.subject_id
    and f.main_id is not distinct from d.main_id
where d.act = 'added'

-- name: tell_others
insert into data.event (topic, act, subject, finding_id, family, layer, subject_id, main_id, severity,
    certainty, distance_band, org_id, district_id, x, y, reason, detail)
select 'finding', case d.act when 'added' then 'appeared' else d.act end, 'finding ' || f.id, f.id,
       f.family, f.layer, f.subject_id, f.main_id, f.severity, f.certainty, f.distance_band,
       f.org_id, f.district_id, f.x, f.y, d.reason,
       case d.act when 'changed' then jsonb_build_object('moved', d.moved, 'shown', d.shown)
                  else '{}' end
from data.difference d
join data.finding f on f.family = d.family and f.layer = d.layer and f.subject_id = d.subject_id
    and f.main_id is not distinct from d.main_id
where d.act in ('added', 'changed')

-- name: split
select family, reason, count(*) filter (where act = 'added'),
       count(*) filter (where act = 'changed'), count(*) filter (where act = 'ended')
from data.difference group by family, reason order by family, reason desc

-- name: forget_marks
delete from data.judged_group

-- name: keep_marks
insert into data.judged_group (family, layer, mark)
select family, layer, mark from data.judging_marks()

-- name: keep
with kept as (
    insert into data.screening (reason, job, role, person, packs_before, packs_after, changes,
            statements, of_statements, seconds)
        select %(reason)s, %(job)s, %(role)s, %(person)s,
               coalesce((select s.packs_after from data.screening s order by s.id desc limit 1), '{}'),
               data.packs_in_force(), %(changes)s, %(statements)s, %(of)s, %(seconds)s
        returning id
), counted as (
    insert into data.screening_count (screening_id, family, reason, added, changed, ended)
        select kept.id, d.family, d.reason, count(*) filter (where d.act = 'added'),
               count(*) filter (where d.act = 'changed'), count(*) filter (where d.act = 'ended')
        from kept cross join data.difference d group by kept.id, d.family, d.reason
)
select id from kept

-- name: counted
select family, severity, certainty, count(*) from data.finding
group by family, severity, certainty
order by family, array_position(array['major', 'serious', 'general'], severity), certainty

-- name: record
select api.record('screen', 'findings', %(detail)s::jsonb, %(rows)s)
