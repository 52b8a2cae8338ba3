drop function api.what_if(text, jsonb, bigint);
drop function data.what_if_ends(text, bigint, jsonb);
drop function data.what_if_others(geometry, double precision);
drop function data.what_if_feature(text, bigint);
drop function data.what_if_statement(text, text, text, text, bigint[]);
drop table data.what_if_asked;
