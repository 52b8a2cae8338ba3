drop function data.judging_template(text);
drop function data.relaxed(jsonb, text, double precision, numeric, numeric);
