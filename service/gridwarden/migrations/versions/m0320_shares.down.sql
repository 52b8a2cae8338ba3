revoke select on api.district_surveyed, api.district_age, api.district_surveyed_at,
    api.district_age_at from gridwarden_inspector;
revoke select on api.finding, api.finding_at, api.rule_pack, api.rule_class, api.rule_figure,
    api.rule, api.rule_row, api.dataset, api.dataset_age, api.late_supplier, api.loaded,
    api.screened,
    api.screened_at from gridwarden_inspector, gridwarden_warden;
revoke execute on function api.sees_finding(boolean, bigint, bigint),
    api.veils_finding(text, boolean, boolean), api.finding_bands(bigint),
    api.inside(numeric, numeric, numeric, text), api.ground_m(geometry, geometry),
    api.level_rank(text), api.districts_called(text), api.dataset_age_on(date),
    api.late_suppliers_on(date), api.at(),
    api.at_open(), api.at_span(), api.at_findings(), api.go_back(timestamptz, text) from
    gridwarden_inspector, gridwarden_warden;

create or replace function api.veils_finding(layer text, main boolean, far boolean) returns boolean
    language sql stable parallel safe as
$$
    select api.role() = 'planner'
       and (veils_finding.layer = 'gas_pipelines' or veils_finding.main and not veils_finding.far)
$$;

create or replace function api.sees_finding(main boolean, org_id bigint, district_id bigint)
    returns boolean
    language sql stable parallel safe as
$$
    select case api.role()
               when 'planner' then true
               when 'supervisor' then api.my_district(sees_finding.district_id)
               when 'utility' then not sees_finding.main or api.my_org(sees_finding.org_id)
               when 'dispatcher' then not sees_finding.main
               else false end
$$;

create or replace view api.finding as
    select f.id, f.family, f.layer, case when not v.veiled then f.subject_id end as subject_id,
           f.main, f.severity, f.certainty, f.distance_band, f.district_id,
           case when v.veiled then floor(f.x / 500) * 500 + 250 else f.x end as x,
           case when v.veiled then floor(f.y / 500) * 500 + 250 else f.y end as y,
           f.first_seen,
           e.pack, e.pack_version, e.rule, e.row_id, e.clause, e.edition, e.verified,
           e.counterpart_layer, e.counterpart_id, e.distance_m, e.required_m, e.margin_m,
           e.accuracy_m, e.missing, e.assumed, e.told, e.geom
    from data.finding f
    left join data.finding_exact e on e.finding_id = f.id and not f.main
    cross join lateral (select api.veils_finding(f.layer, f.main,
        f.family in (select r.family from data.far_family r)) as veiled) v
    where api.sees_finding(f.main, f.org_id, f.district_id);
select data.twin_findings();
drop function api.my_area(), api.in_my_area(geometry);
