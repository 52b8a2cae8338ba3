drop table data.audit_waiting, data.audit_seal;
drop trigger saw_in_answer on data.permit_answer;
drop function data.saw_in_answer(), api.saw(text, int8multirange);
drop index data.audit_at, data.audit_person;
alter table data.audit drop column mains;
