select data.untwin('fire_lanes');
-- Layer fire_lanes: Fire lanes 消防车道, altered
drop view api.fire_lanes;

create view api.fire_lanes as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.kind, t.width_m, t.clear_height_m, t.length_m, t.dead_end, t.state, t.extra, t.repair, t.geom
 from data.fire_lanes t where (select coalesce(api.role(), '') <> all ('{inspector}'))
    or api.in_my_area(t.geom);

grant select on api.fire_lanes to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer, gridwarden_inspector;
update data.layer set secret = false, importers = '{planner,supervisor,administrator}' where id = 'fire_lanes';
select data.twin('fire_lanes');
