drop view api.fire_lanes;
drop table data.fire_lanes;
delete from data.history where layer = 'fire_lanes';
delete from data.change where layer = 'fire_lanes';
delete from data.layer where id = 'fire_lanes';
