-- name: look
select api.look(%(purpose)s)

-- name: statements
-- The statements that a rule in force is judged by.
select name, family, layer, kind, rule_ids, sql
from data.statements()
where exists (select from data.rule r
              where r.id = any (rule_ids) and r.rule = %(rule)s and r.in_force)

-- name: figures
-- What a rule's figures are here, and who set them.
with rule as (
    select r.id, r.test from api.rule r where r.id = %(id)s
), used as (
    select distinct f.id, f.unit, f.title
    from api.rule_figure f cross join rule
    where f.unit is not null
      and (strpos(rule.test::text, '"@' || f.id || '"') > 0 or rule.test #>> '{people,figure}' = f.id
           or exists (select from api.rule_row w where w.rule_id = rule.id and w.figure = f.id))
)
select distinct on (u.id) u.id, u.unit, u.title, holds.value, holds.pack
from used u
left join lateral (
    select g.value, g.pack from api.rule_figure g
    join api.rule_pack o on o.id = g.pack and o.version = g.version and o.in_force
    where g.id = u.id and g.value is not null
    order by api.level_rank(o.level) desc,
             o.published_at desc
    limit 1) holds on true
order by u.id

-- name: plan
explain {statement}

-- name: analyze
explain (analyze, buffers) {statement}
