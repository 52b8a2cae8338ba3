select data.untwin('charging_sheds');
drop view api.charging_sheds;

create view api.charging_sheds as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.places, t.free, t.status, t.status_at, t.power_on, t.open_to_public, t.extra, t.repair, t.geom
 from data.charging_sheds t;

grant select on api.charging_sheds to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
update data.layer set secret = false, importers = '{supervisor,administrator}' where id = 'charging_sheds';
select data.twin('charging_sheds');
