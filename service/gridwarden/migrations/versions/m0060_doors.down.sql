drop view api.job_overview;
drop function api.sign_out(bytea);
drop function api.sign_in(bytea, bytea, interval);
