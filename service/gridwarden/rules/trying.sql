-- name: begin
-- Nobody waits long for a trial, and the server sees within seconds when its author has gone.
select set_config('lock_timeout', '20s', true), set_config('work_mem', '256MB', true),
       set_config('client_connection_check_interval', '2s', true),
       set_config('TimeZone', %(zone)s, true)

-- name: empty
truncate data.tried

-- name: record
select api.record('try', 'rules', jsonb_build_object('pack', %(pack)s::text))

-- name: look
select api.look(%(purpose)s)

-- name: marks
select family, layer, mark from data.judging_marks()

-- name: waiting
-- Changes of data that no screening has seen, and whether what judges now is what judged last.
select (select coalesce(sum(c.rows), 0)::bigint from data.change c),
       not exists (
           select from data.judging_marks() n
           full join data.judged_group g using (family, layer)
           where n.mark is distinct from g.mark)

-- name: try
select data.try_rules(%(normal)s::jsonb, %(document)s::jsonb, %(withdraw)s, %(instead)s)

-- name: into
insert into data.tried (after, family, layer, subject_id, main_id, severity, certainty, org_id,
    strength, pack, rule, distance_m, required_m)
select {after}, s.family, s.layer, s.subject_id, s.main_id, s.severity, s.certainty, s.org_id,
       s.strength, s.pack, s.rule, s.distance_m, s.required_m
from ({statement}) s

-- name: as_found
-- What the last screening found, where it judged by the rules and the data of now.
insert into data.tried (after, family, layer, subject_id, main_id, severity, certainty, org_id,
    strength, pack, rule, distance_m, required_m)
select false, f.family, f.layer, f.subject_id, f.main_id, f.severity, f.certainty, f.org_id,
       0, e.pack, e.rule, e.distance_m, e.required_m
from data.finding f join data.finding_exact e on e.finding_id = f.id
where (f.family, f.layer) in (select * from unnest(%(families)s::text[], %(layers)s::text[]))

-- name: compared
-- Family by family and rule by rule: what comes, goes and is judged otherwise. Of what several
-- rules found of one subject (and main) in one family, the strongest counts, as in a screening.
-- `orgs`: a company sees what is about its own mains, and what is about none.
with best as materialized (
    select distinct on (after, family, layer, subject_id, main_id) *
    from data.tried
    where %(orgs)s::bigint[] is null or org_id = any (%(orgs)s)
       or main_id is null and layer <> 'gas_pipelines'
    order by after, family, layer, subject_id, main_id, strength desc,
             data.severity_rank(severity) desc, distance_m - required_m nulls last, pack, rule
), pair as (
    select o.*, n.severity as new_severity, n.certainty as new_certainty,
           n.required_m as new_required_m, n.pack as new_pack, n.rule as new_rule,
           n.distance_m as new_distance_m, n.family as new_family, n.layer as new_layer,
           n.subject_id as new_subject_id, n.main_id as new_main_id
    from (select * from best where not after) o
    full join (select * from best where after) n on n.family = o.family and n.layer = o.layer
        and n.subject_id = o.subject_id and coalesce(n.main_id, 0) = coalesce(o.main_id, 0)
), told as (
    select coalesce(new_family, family) as family, coalesce(new_layer, layer) as layer,
           coalesce(new_subject_id, subject_id) as subject_id,
           coalesce(new_rule, rule) as rule, coalesce(new_pack, pack) as pack,
           case when family is null then 'added' when new_family is null then 'ended'
                when (severity, certainty, required_m, pack, rule)
                     is distinct from (new_severity, new_certainty, new_required_m, new_pack, new_rule)
                then 'changed' else 'same' end as act,
           severity is distinct from new_severity as grade,
           certainty is distinct from new_certainty as sure,
           required_m is distinct from new_required_m as required,
           (pack, rule) is distinct from (new_pack, new_rule) as by_another,
           severity, new_severity, certainty, new_certainty, rule as old_rule,
           required_m, new_required_m, coalesce(new_distance_m, distance_m) as distance_m
    from pair
), numbered as (
    select t.*, row_number() over (partition by family, pack, rule, act
        order by data.severity_rank(coalesce(new_severity, severity)) desc,
                 distance_m - coalesce(new_required_m, required_m), layer, subject_id) as n
    from told t
)
select jsonb_build_object('family', family, 'pack', pack, 'rule', rule, 'act', act,
    'n', count(*), 'grade', count(*) filter (where grade), 'certainty', count(*) filter (where sure),
    'required', count(*) filter (where required), 'rule_changed', count(*) filter (where by_another),
    'examples', coalesce(jsonb_agg(jsonb_build_object('layer', layer, 'subject_id', subject_id,
        'distance_m', distance_m, 'required_m', required_m, 'new_required_m', new_required_m,
        'severity', severity, 'new_severity', new_severity, 'certainty', certainty,
        'new_certainty', new_certainty, 'old_rule', old_rule) order by n)
        filter (where n <= %(examples)s and act <> 'same'), '[]'))
from numbered
group by family, pack, rule, act
order by family, pack, rule, act

-- name: codes
select id, coalesce(nullif(code, ''), nullif(name, ''), source_id) from {layer} where id = any (%s)
