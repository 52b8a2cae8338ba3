drop view api.finding_exact, api.finding;
drop table data.judged;
alter table data.finding_exact drop pack_version, drop told;
create unlogged table data.judged as
    select f.family, f.layer, f.subject_id, f.main_id, f.severity, f.certainty, f.distance_band,
           f.org_id, f.district_id, f.x, f.y, e.pack, e.rule, e.row_id, e.clause, e.edition,
           e.verified, e.pressure_class, e.counterpart_layer, e.counterpart_id, e.distance_m,
           e.required_m, e.margin_m, e.accuracy_m, e.missing, e.assumed, e.pressed_length_m,
           e.pressed_area_m2, e.geom
    from data.finding f join data.finding_exact e on e.finding_id = f.id where false;
create view api.finding as
    select f.id, f.family, f.layer, f.subject_id, f.main, f.severity, f.certainty,
           f.distance_band, f.district_id, f.x, f.y, f.first_seen,
           e.pack, e.rule, e.row_id, e.clause, e.edition, e.verified, e.counterpart_layer,
           e.counterpart_id, e.distance_m, e.required_m, e.margin_m, e.accuracy_m, e.missing,
           e.assumed, e.geom
    from data.finding f
    left join data.finding_exact e on e.finding_id = f.id and not f.main
    where case api.role()
              when 'planner' then true
              when 'supervisor' then api.my_district(f.district_id)
              when 'utility' then not f.main or api.my_org(f.org_id)
              when 'dispatcher' then not f.main
              else false end;
create view api.finding_exact as
    select e.finding_id, e.pack, e.rule, e.row_id, e.clause, e.edition, e.verified,
           e.pressure_class, e.counterpart_layer, e.counterpart_id, e.distance_m, e.required_m,
           e.margin_m, e.accuracy_m, e.missing, e.assumed, e.pressed_length_m, e.pressed_area_m2,
           e.geom
    from data.finding_exact e
    join data.finding f on f.id = e.finding_id
    where case api.role()
              when 'utility' then not f.main or api.my_org(f.org_id)
              when 'supervisor' then api.my_district(f.district_id)
                  and (not f.main or api.may_look())
              else false end;
grant select on api.finding to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher;
grant select on api.finding_exact to gridwarden_utility, gridwarden_supervisor;
grant select, insert, truncate on data.judged to gridwarden_screen;
