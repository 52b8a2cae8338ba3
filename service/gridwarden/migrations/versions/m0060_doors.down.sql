drop function api.organisations_called(text), api.districts_called(text);
drop view api.job_overview;
drop function api.sign_out(bytea);
drop function api.sign_in(bytea, bytea, interval);
