drop view api.screened_at;
select data.untwin_findings();
drop function data.untwin_findings(), data.twin_findings();
delete from data.kept_since where what = 'findings';
drop trigger wrote on data.finding;
alter table data.finding alter reason drop default;
