drop view api.street_objects;
drop table data.street_objects;
delete from data.history where layer = 'street_objects';
delete from data.change where layer = 'street_objects';
delete from data.layer where id = 'street_objects';
