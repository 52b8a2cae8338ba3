drop view api.underground_lines;
drop table data.underground_lines;
delete from data.history where layer = 'underground_lines';
delete from data.change where layer = 'underground_lines';
delete from data.layer where id = 'underground_lines';
