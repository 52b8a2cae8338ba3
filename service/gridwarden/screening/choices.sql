-- What a list of findings can be narrowed to: what the rules name, and what older findings are of.

-- name: choices
select 'family' as filter, family as choice from api.rule_row
union select 'rule', rule from api.rule_row
union select 'family', family from api.finding
order by 1, 2
