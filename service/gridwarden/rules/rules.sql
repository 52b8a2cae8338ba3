-- name: publish
select api.publish_rules(%(normal)s::jsonb, %(document)s)

-- name: packs
select p.id, p.version, p.title, p.published_at,
       count(distinct r.rule) as rules, count(distinct r.rule) filter (where r.verified) as verified
from api.rule_pack p left join api.rule_row r on r.pack = p.id
group by p.id, p.version, p.title, p.published_at
order by p.id

-- name: list
select coalesce(jsonb_agg(rule order by rule ->> 'pack', rule ->> 'id'), '[]')::text
from (
    select jsonb_build_object('id', r.rule, 'pack', r.pack, 'version', p.version,
        'family', r.family, 'kind', r.kind,
        'subjects', jsonb_agg(distinct r.subject_layer) filter (where r.subject_layer is not null),
        'clause', r.clause, 'edition', r.edition, 'verified', r.verified,
        'certainty', r.certainty, 'source', r.source, 'text', r.text) as rule
    from api.rule_row r join api.rule_pack p on p.id = r.pack
    group by r.rule, r.pack, p.version, r.family, r.kind, r.clause, r.edition, r.verified,
             r.certainty, r.source, r.text
) rules

-- name: one
select jsonb_build_object('id', r.rule, 'pack', r.pack, 'version', p.version,
    'family', r.family, 'kind', r.kind,
    'subjects', jsonb_agg(distinct r.subject_layer) filter (where r.subject_layer is not null),
    'clause', r.clause, 'edition', r.edition, 'verified', r.verified, 'certainty', r.certainty,
    'source', r.source, 'text', r.text, 'measures', r.measures, 'test', r.test,
    'rows', jsonb_agg(distinct jsonb_strip_nulls(jsonb_build_object('row_no', r.row_no,
        'class', r.pressure_class, 'method', r.method, 'limit_m', r.limit_m,
        'severity', r.severity, 'verdict', r.verdict))))::text
from api.rule_row r join api.rule_pack p on p.id = r.pack
where r.rule = %(rule)s
group by r.rule, r.pack, p.version, r.family, r.kind, r.clause, r.edition, r.verified,
         r.certainty, r.source, r.text, r.measures, r.test
order by r.pack
limit 1

-- name: compiled
-- What there is to compile: one line a statement, in a steady order.
select r.family, r.subject_layer, 'pairs' as kind, null as pack, null as rule, null::jsonb as test,
       count(distinct r.rule) as rules
from data.rule_row r
where r.kind in ('on', 'protection', 'clearance', 'control')
group by r.family, r.subject_layer
union all
select r.family, r.subject_layer, r.kind, r.pack, r.rule, r.test, 1
from data.rule_row r
where r.kind in ('absence', 'attribute')
order by 1, 2, 4, 5
