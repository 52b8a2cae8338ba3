drop function data.statement(text, text, text, bigint[], text, text, text, text, text);
drop function data.statements();
drop function data.has_column(text, text);
drop function data.by_rule_sql(bigint[], text, text, text);
drop function data.unset_figures(bigint);
drop function data.missing_sql(jsonb, text);
drop function data.text_array(jsonb);
drop function data.number_sql(jsonb);
drop function data.condition_sql(jsonb, text);
