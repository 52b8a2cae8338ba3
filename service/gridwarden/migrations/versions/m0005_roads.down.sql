drop view api.roads;
drop table data.roads;
delete from data.history where layer = 'roads';
delete from data.change where layer = 'roads';
delete from data.layer where id = 'roads';
