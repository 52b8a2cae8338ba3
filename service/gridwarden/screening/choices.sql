-- What a list of findings can be narrowed to: what the rules of screening name (those of activities
-- answer permit checks), and what older findings are of.

-- name: choices
select 'family' as filter, family as choice from api.rule_row where kind <> 'activity'
union select 'rule', rule from api.rule_row where kind <> 'activity'
union select 'family', family from api.finding
order by 1, 2
