drop view api.warden_grids;
drop table data.warden_grids;
delete from data.history where layer = 'warden_grids';
delete from data.change where layer = 'warden_grids';
delete from data.layer where id = 'warden_grids';
