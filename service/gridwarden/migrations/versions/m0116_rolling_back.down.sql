drop function api.roll_back(bigint, integer, boolean, bigint);
drop function api.edits_since(bigint, integer);
drop function data.stage_version(text, bigint, integer, text[]);
drop function data.version_rows(text, bigint, integer);
drop view api.dataset_version;
