drop view api.construction_sites;
drop table data.construction_sites;
delete from data.history where layer = 'construction_sites';
delete from data.change where layer = 'construction_sites';
delete from data.layer where id = 'construction_sites';
