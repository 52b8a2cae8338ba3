-- name: statements
-- What there is to judge by the rules in force: one line a statement, in a steady order. The
-- templates and what fills them are the database's own: migrations m0072 to m0074.
select name, family, layer, kind, rule_ids, sql from data.statements()
