drop function data.permit_judged(geometry, double precision, double precision, text, numeric);
drop function data.permit_hits(geometry, double precision, double precision, text, numeric, double precision);
drop function data.permit_reach(text, numeric), data.permit_reach_worked_out(text);
drop index data.rule_work, data.rule_row_method, data.main_rule_work, data.main_rule_work_widest;
drop function data.permit_coverage(geometry, double precision, double precision);
drop function data.permit_coverage_in_parts(geometry, double precision, double precision);
