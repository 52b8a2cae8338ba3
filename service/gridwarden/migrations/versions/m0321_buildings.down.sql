select data.untwin('buildings');
drop view api.buildings;

create view api.buildings as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.height_m, t.storeys, t.use, t.water_system_state, t.households, t.extra, t.repair, t.geom
 from data.buildings t;

grant select on api.buildings to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
update data.layer set secret = false, importers = '{supervisor,administrator}' where id = 'buildings';
select data.twin('buildings');
