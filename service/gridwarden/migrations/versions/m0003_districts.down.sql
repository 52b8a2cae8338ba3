drop view api.districts;
drop table data.districts;
delete from data.history where layer = 'districts';
delete from data.change where layer = 'districts';
delete from data.layer where id = 'districts';
