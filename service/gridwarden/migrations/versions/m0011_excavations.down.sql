drop view api.excavations;
drop table data.excavations;
delete from data.history where layer = 'excavations';
delete from data.change where layer = 'excavations';
delete from data.layer where id = 'excavations';
