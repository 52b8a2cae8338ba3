drop view api.buildings;
drop table data.buildings;
delete from data.history where layer = 'buildings';
delete from data.change where layer = 'buildings';
delete from data.layer where id = 'buildings';
