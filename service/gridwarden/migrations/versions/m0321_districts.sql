select data.untwin('districts');
-- Layer districts: Districts 行政区, altered
drop view api.districts;

create view api.districts as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.extra, t.repair, t.geom
 from data.districts t;

grant select on api.districts to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer, gridwarden_inspector, gridwarden_warden;
update data.layer set secret = false, importers = '{administrator}' where id = 'districts';
select data.twin('districts');
