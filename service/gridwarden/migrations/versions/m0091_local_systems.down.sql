drop function api.keep_local_system(text, bigint, jsonb);
drop view api.local_system;
drop table data.local_system;
