select data.untwin('roads');
-- Layer roads: Roads 道路, altered
drop view api.roads;

create view api.roads as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.road_class, t.width_m, t.extra, t.repair, t.geom
 from data.roads t;

grant select on api.roads to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer, gridwarden_inspector, gridwarden_warden;
update data.layer set secret = false, importers = '{planner,supervisor,administrator}' where id = 'roads';
select data.twin('roads');
