drop function data.staging_ready();
drop function data.make_staging(text, text[]);
drop function api.answer_import(bigint, bigint, text[]);
drop function api.bring(text, text, text, bigint, text, jsonb, bigint);
drop view api.reject;
drop view api.import;
drop table data.quarantine;
alter table data.dataset_version drop constraint dataset_version_import_id_fkey;
drop table data.import;
