drop view api.coverage;
drop table data.coverage;
delete from data.history where layer = 'coverage';
delete from data.change where layer = 'coverage';
delete from data.layer where id = 'coverage';
