drop view api.estates;
drop table data.estates;
delete from data.history where layer = 'estates';
delete from data.change where layer = 'estates';
delete from data.layer where id = 'estates';
