drop function api.granted_mains(bigint, integer), api.end_main_grant(bigint),
    api.grant_mains(text, bigint, text, integer);
drop view api.main_grant;
drop table data.main_grant;
