select data.untwin('excavations');
drop view api.excavations;

create view api.excavations as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.method, t.depth_m, t.starts_on, t.ends_on, t.contractor, t.extra, t.repair, t.geom
 from data.excavations t;

grant select on api.excavations to gridwarden_utility, gridwarden_supervisor, gridwarden_planner;
update data.layer set secret = false, importers = '{utility,supervisor,administrator}' where id = 'excavations';
select data.twin('excavations');
