drop function data.permit_hits(geometry, double precision, double precision, text, numeric, double precision);
drop function data.permit_reach(text, numeric);
drop index data.rule_row_method, data.main_rule_work, data.main_rule_work_widest;
