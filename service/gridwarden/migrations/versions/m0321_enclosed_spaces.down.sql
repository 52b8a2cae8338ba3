select data.untwin('enclosed_spaces');
drop view api.enclosed_spaces;

create view api.enclosed_spaces as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.kind, t.depth_top_m, t.ventilated, t.operator, t.extra, t.repair, t.geom
 from data.enclosed_spaces t;

grant select on api.enclosed_spaces to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer;
update data.layer set secret = false, importers = '{supervisor,administrator}' where id = 'enclosed_spaces';
select data.twin('enclosed_spaces');
