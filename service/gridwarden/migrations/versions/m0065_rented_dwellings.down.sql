drop view api.rented_dwellings;
drop table data.rented_dwellings;
delete from data.history where layer = 'rented_dwellings';
delete from data.change where layer = 'rented_dwellings';
delete from data.layer where id = 'rented_dwellings';
