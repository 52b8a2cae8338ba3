select data.untwin('building_water_systems');
drop view api.building_water_systems;
drop table data.building_water_systems;
delete from data.history where layer = 'building_water_systems';
delete from data.change where layer = 'building_water_systems';
delete from data.layer where id = 'building_water_systems';
