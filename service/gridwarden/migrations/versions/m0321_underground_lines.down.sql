select data.untwin('underground_lines');
drop view api.underground_lines;

create view api.underground_lines as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.kind, t.laying, t.voltage_kv, t.dn, t.od_mm, t.depth_top_m, t.material, t.operator, t.extra, t.repair, t.geom
 from data.underground_lines t;

grant select on api.underground_lines to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
update data.layer set secret = false, importers = '{supervisor,administrator}' where id = 'underground_lines';
select data.twin('underground_lines');
