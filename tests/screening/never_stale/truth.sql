-- name: judge
insert into data.judged

-- name: differences
-- Findings as they stand and as a screening of all would write them now, by key, where they differ.
-- Of a rule that another version of its pack says in the same words, either row will do.
with said as materialized (
    select w.id, jsonb_build_array(w.row_no, data.rule_said(w.rule_id)) as row
    from data.rule_row w
    where w.id in (select j.row_id from data.judged j union select e.row_id from data.finding_exact e)
), there as (
    select f.family, f.layer, f.subject_id, f.main_id, jsonb_build_object('severity', f.severity,
        'certainty', f.certainty, 'band', f.distance_band, 'org', f.org_id, 'district', f.district_id,
        'x', f.x, 'y', f.y, 'pack', e.pack, 'rule', e.rule, 'row', s.row, 'clause', e.clause,
        'edition', e.edition, 'verified', e.verified, 'class', e.pressure_class,
        'counterpart', e.counterpart_layer, 'counterpart_id', e.counterpart_id,
        'distance', e.distance_m, 'required', e.required_m, 'margin', e.margin_m,
        'accuracy', e.accuracy_m, 'missing', e.missing, 'assumed', e.assumed,
        'pressed', e.pressed_length_m, 'pressed_area', e.pressed_area_m2, 'told', e.told,
        'geom', encode(st_asewkb(e.geom), 'hex')) as it
    from data.finding f join data.finding_exact e on e.finding_id = f.id
    left join said s on s.id = e.row_id
), fresh as (
    select j.family, j.layer, j.subject_id, j.main_id, jsonb_build_object('severity', j.severity,
        'certainty', j.certainty, 'band', j.distance_band, 'org', j.org_id, 'district', j.district_id,
        'x', j.x, 'y', j.y, 'pack', j.pack, 'rule', j.rule, 'row', s.row, 'clause', j.clause,
        'edition', j.edition, 'verified', j.verified, 'class', j.pressure_class,
        'counterpart', j.counterpart_layer, 'counterpart_id', j.counterpart_id,
        'distance', j.distance_m, 'required', j.required_m, 'margin', j.margin_m,
        'accuracy', j.accuracy_m, 'missing', j.missing, 'assumed', j.assumed,
        'pressed', j.pressed_length_m, 'pressed_area', j.pressed_area_m2, 'told', j.told,
        'geom', encode(st_asewkb(j.geom), 'hex')) as it
    from data.judged j left join said s on s.id = j.row_id
)
select coalesce(t.family, f.family) as family, coalesce(t.layer, f.layer) as layer,
       coalesce(t.subject_id, f.subject_id) as subject_id, coalesce(t.main_id, f.main_id) as main_id,
       t.it as there, f.it as fresh
from there t
full join fresh f on f.family = t.family and f.layer = t.layer and f.subject_id = t.subject_id
    and coalesce(f.main_id, 0) = coalesce(t.main_id, 0)
where t.it is distinct from f.it
order by 1, 2, 3, 4

-- name: twice
select family, layer, subject_id, main_id, count(*) from data.finding
group by family, layer, subject_id, main_id having count(*) > 1

-- name: without_evidence
select f.id from data.finding f full join data.finding_exact e on e.finding_id = f.id
where f.id is null or e.finding_id is null

-- name: waiting
select id, layer, feature_id, op, bulk, stuck from data.change order by id

-- name: left_over
-- What a step works with is gone when it is done.
select 'seen' from data.change_seen union all select 'again' from data.again
union all select 'judged' from data.judged union all select 'difference' from data.difference

-- name: past_in_disorder
-- Versions of one finding follow each other, and the living one follows them all.
select v.id, v.valid, v.next
from (select p.id, p.valid, lead(lower(p.valid)) over (partition by p.id order by lower(p.valid)) as next,
             p.how, lead(p.how) over (partition by p.id order by lower(p.valid)) as next_how
      from data.finding_past p) v
left join data.finding f on f.id = v.id and v.next is null
where isempty(v.valid) or coalesce(v.next, f.since, 'infinity') < upper(v.valid)
   or v.how = 'ended' and (v.next is not null or f.id is not null)
   or v.how = 'changed' and v.next is null and f.id is null

-- name: told_wrongly
-- Events of each finding in the order of their ids: it appeared, changed, ended; what has not ended lives.
select coalesce(e.finding_id, f.id) as id, e.acts, f.id is not null as lives, p.n
from (select e.finding_id, string_agg(left(e.act, 1), '' order by e.id) as acts
      from data.event e where e.topic = 'finding' and e.act <> 'left' group by e.finding_id) e
full join data.finding f on f.id = e.finding_id
left join (select p.id, count(*) as n from data.finding_past p group by p.id) p
    on p.id = coalesce(e.finding_id, f.id)
where e.acts is null or e.acts !~ '^ac*e?$' or (e.acts ~ 'e$') = (f.id is not null)
   or length(e.acts) - 1 <> coalesce(p.n, 0)
