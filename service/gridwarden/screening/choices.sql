-- What a list of findings can be narrowed to: what the rules in force name (activities without a layer
-- of their own answer permit checks alone), and what older findings are of.

-- name: choices
select 'family' as filter, family as choice from api.rule where in_force and subjects <> '{}'
union select 'rule', rule from api.rule where in_force and subjects <> '{}'
union select 'family', family from api.finding
order by 1, 2
