select data.untwin('rented_dwellings');
-- Layer rented_dwellings: Rented dwellings 出租房屋, altered
drop view api.rented_dwellings;
alter table data.rented_dwellings add column landlord text;
alter table data.rented_dwellings add column phone text;

create view api.rented_dwellings as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.area_m2, t.occupants, t.most_in_a_room, t.partition_added, t.let_room, case when api.knows('{supervisor,planner,inspector}', t.geom) then t.landlord end as landlord, case when api.knows('{supervisor,planner,inspector}', t.geom) then t.phone end as phone, case when api.knows('{inspector,planner,supervisor}', t.geom) then t.extra else '{}'::jsonb end as extra, t.repair, t.geom
 from data.rented_dwellings t where (select coalesce(api.role(), '') <> all ('{inspector}'))
    or api.in_my_area(t.geom);

grant select on api.rented_dwellings to gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer, gridwarden_inspector;
update data.layer set secret = false, importers = '{planner,supervisor,administrator}' where id = 'rented_dwellings';
select data.twin('rented_dwellings');
