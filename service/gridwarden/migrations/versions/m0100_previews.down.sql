drop view api.import_preview;
drop function api.forget_habit(bigint);
drop view api.habit;
drop table data.habit;
drop function data.sender_of(bigint, text, text);
drop index data.import_preview;
alter table data.import drop column preview;
