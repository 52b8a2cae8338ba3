drop view api.gas_pipelines;
alter table data.gas_pipelines drop column area_class;
alter table data.gas_pipelines drop column network;

create view api.gas_pipelines as
 select t.id, t.dataset_id, t.source_id, t.version, t.org_id, t.code, t.name, t.accuracy_m, t.source_date, t.pipe_id, t.operator, t.medium, t.pressure_class, t.p_design_mpa, t.p_mop_mpa, t.material, t.dn, t.od_mm, t.wall_mm, t.laying, t.depth_top_m, t.depth_ref, t.casing, t.year_laid, t.status, t.survey_date, t.survey_method, t.ql, t.extra, t.repair, t.geom
 from data.gas_pipelines t where api.my_org(t.org_id)
    or api.may_look() and (api.my_district(null) or exists (
        select from data.districts d
        where api.my_district(d.id) and st_intersects(d.geom, t.geom)));

grant select on api.gas_pipelines to gridwarden_utility, gridwarden_supervisor;
update data.layer set secret = true, importers = '{utility,supervisor}' where id = 'gas_pipelines';
