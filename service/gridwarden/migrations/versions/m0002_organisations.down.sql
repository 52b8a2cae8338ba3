drop view api.organisations;
drop table data.organisations;
delete from data.history where layer = 'organisations';
delete from data.change where layer = 'organisations';
delete from data.layer where id = 'organisations';
