select data.untwin('organisations');
-- Layer organisations: Organisations 单位, altered
drop view api.organisations;

create view api.organisations as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.kind, t.phone, t.duty_phone, t.address, t.extra, t.repair, t.geom
 from data.organisations t;

grant select on api.organisations to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer, gridwarden_inspector;
update data.layer set secret = false, importers = '{administrator}' where id = 'organisations';
select data.twin('organisations');
