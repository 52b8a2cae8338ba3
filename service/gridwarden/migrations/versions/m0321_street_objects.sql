select data.untwin('street_objects');
-- Layer street_objects: Street objects 沿线树木杆线堆载, altered
drop view api.street_objects;

create view api.street_objects as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.kind, t.voltage_kv, t.deep_rooted, t.operator, t.extra, t.repair, t.geom
 from data.street_objects t where (select coalesce(api.role(), '') <> all ('{inspector}'))
    or api.in_my_area(t.geom);

grant select on api.street_objects to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer, gridwarden_inspector;
update data.layer set secret = false, importers = '{supervisor,administrator}' where id = 'street_objects';
select data.twin('street_objects');
