select data.untwin('estates');
drop view api.estates;

create view api.estates as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.households, t.property_company, t.extra, t.repair, t.geom
 from data.estates t;

grant select on api.estates to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
update data.layer set secret = false, importers = '{supervisor,administrator}' where id = 'estates';
select data.twin('estates');
