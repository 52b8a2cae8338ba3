-- What inspectors and wardens read: of the layers what stands in their districts, or in their grids;
-- of findings as much as a planner reads, of their districts, or of what stands in their grids.

---------------------------------------------------------------------------- whose ground
-- Whether a shape touches the caller's own ground: a warden's grids, an inspector's districts. Asked
-- for those two alone; a setting that is not there means none.
create function api.in_my_area(shape geometry) returns boolean
    language plpgsql stable parallel safe security definer cost 10
    set search_path = pg_catalog, public, pg_temp as
$$
begin
    return case current_setting('role')
        when 'gridwarden_warden' then exists (
            select from data.warden_grids g
            where g.id = any (string_to_array(
                      nullif(current_setting('gridwarden.grids', true), ''), ',')::bigint[])
              and st_intersects(g.geom, in_my_area.shape))
        when 'gridwarden_inspector' then api.my_district(null) or exists (
            select from data.districts d
            where d.geom && in_my_area.shape and api.my_district(d.id)
              and st_intersects(d.geom, in_my_area.shape))
        else false end;
end
$$;

-- The box around that ground, for an index to begin with: null for none, and the whole plane for an
-- inspector of the whole city.
create function api.my_area() returns geometry
    language sql stable parallel safe security definer
    set search_path = pg_catalog, public, pg_temp as
$$
    select case when current_setting('role') = 'gridwarden_warden' then (
               select st_setsrid(st_extent(g.geom)::geometry, data.working_srid())
               from data.warden_grids g
               where g.id = any (string_to_array(
                   nullif(current_setting('gridwarden.grids', true), ''), ',')::bigint[]))
           when api.my_district(null) then st_makeenvelope(-1e9, -1e9, 1e9, 1e9, data.working_srid())
           else (select st_setsrid(st_extent(d.geom)::geometry, data.working_srid())
                 from data.districts d where api.my_district(d.id)) end
$$;

revoke all on function api.in_my_area(geometry), api.my_area() from public;
grant execute on function api.in_my_area(geometry), api.my_area() to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_warden, gridwarden_inspector;

---------------------------------------------------------------------------- findings
create or replace function api.sees_finding(main boolean, org_id bigint, district_id bigint)
    returns boolean
    language sql stable parallel safe as
$$
    select case api.role()
               when 'planner' then true
               when 'supervisor' then api.my_district(sees_finding.district_id)
               when 'inspector' then api.my_district(sees_finding.district_id)
               when 'utility' then not sees_finding.main or api.my_org(sees_finding.org_id)
               when 'dispatcher' then not sees_finding.main
               else false end
$$;

create or replace function api.veils_finding(layer text, main boolean, far boolean) returns boolean
    language sql stable parallel safe as
$$
    select api.role() in ('planner', 'inspector', 'warden')
       and (veils_finding.layer = 'gas_pipelines' or veils_finding.main and not veils_finding.far)
$$;

-- A warden's are those of what stands in its grids. A grid is smaller than a planner's cell: what a
-- planner reads by cell alone, a warden does not read.
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
    where api.sees_finding(f.main, f.org_id, f.district_id)
       or (select api.role() = 'warden') and not v.veiled
          and api.in_my_area(st_setsrid(st_makepoint(f.x, f.y), {srid}));
select data.twin_findings();

grant execute on function api.sees_finding(boolean, bigint, bigint),
    api.veils_finding(text, boolean, boolean), api.finding_bands(bigint),
    api.inside(numeric, numeric, numeric, text), api.ground_m(geometry, geometry),
    api.level_rank(text), api.districts_called(text), api.dataset_age_on(date),
    api.late_suppliers_on(date), api.at(),
    api.at_open(), api.at_span(), api.at_findings(), api.go_back(timestamptz, text) to
    gridwarden_inspector, gridwarden_warden;
grant select on api.finding, api.finding_at, api.rule_pack, api.rule_class, api.rule_figure, api.rule,
    api.rule_row, api.dataset, api.dataset_age, api.late_supplier, api.loaded, api.screened,
    api.screened_at to
    gridwarden_inspector, gridwarden_warden;
grant select on api.district_surveyed, api.district_age, api.district_surveyed_at,
    api.district_age_at to gridwarden_inspector;
