-- A band of 5 m protects one main from one row. All rows together do not: each named subject whose
-- place is known is a circle around it that the main does or does not touch, and some dozens along a
-- street place the main within decimetres; that a grade is "major" says that it lies beneath. So
-- whoever may not read mains reads of whom and where a finding of a main is by 500 m cell alone, of
-- whichever family; and a warden, whose grid is smaller than a cell, reads none of them.
create function api.veils_finding(layer text, main boolean) returns boolean
    language sql stable parallel safe as
$$
    select api.role() in ('planner', 'inspector', 'warden')
       and (veils_finding.main or veils_finding.layer = 'gas_pipelines')
$$;
revoke all on function api.veils_finding(text, boolean) from public;
grant execute on function api.veils_finding(text, boolean) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_security, gridwarden_auditor,
    gridwarden_import, gridwarden_screen, gridwarden_seal, gridwarden_warden, gridwarden_inspector;

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
    cross join lateral (select api.veils_finding(f.layer, f.main) as veiled) v
    where api.sees_finding(f.main, f.org_id, f.district_id)
       or (select api.role() = 'warden') and not v.veiled
          and api.in_my_area(st_setsrid(st_makepoint(f.x, f.y), {srid}));

create or replace view api.event as
    select e.seq, e.at, e.topic, e.act, e.subject, e.finding_id, e.import_id, e.family, e.layer,
           case when not v.veiled then e.subject_id end as subject_id,
           e.main_id is not null as main, e.severity, e.certainty, e.distance_band, e.district_id,
           case when v.veiled then floor(e.x / 500) * 500 + 250 else e.x end as x,
           case when v.veiled then floor(e.y / 500) * 500 + 250 else e.y end as y,
           v.veiled, e.reason, case e.topic when 'import' then e.detail end as detail
    from data.event e
    cross join lateral (select e.topic = 'finding'
        and api.veils_finding(e.layer, e.main_id is not null) as veiled) v
    where e.seq is not null
      and case e.topic
              when 'finding' then api.sees_finding(e.main_id is not null, e.org_id, e.district_id)
                  and (e.act <> 'left' or not api.sees_finding(e.main_id is not null,
                       (e.detail ->> 'org')::bigint, (e.detail ->> 'district')::bigint))
                  and (e.act <> 'changed' or e.main_id is null or api.role() in ('utility', 'supervisor')
                       or (e.detail ->> case when v.veiled then 'shown' else 'moved' end)::boolean
                          is distinct from false)
              else exists (select from api.import i where i.id = e.import_id) end;

select data.patch('api.finding_changes(timestamptz, timestamptz, text, text, text, text, text, bigint)',
    jsonb_build_array(jsonb_build_array(
$w$api.veils_finding(c.layer, c.main,
                        c.family in (select r.family from data.far_family r))$w$,
$w$api.veils_finding(c.layer, c.main)$w$)));

-- Companies and bureaus bring what is judged against all mains, and read some mains alone: a count of
-- all findings would be a distance to the others.
revoke select on api.finding_count from gridwarden_utility, gridwarden_supervisor;
revoke execute on function api.finding_cell(double precision) from
    gridwarden_utility, gridwarden_supervisor;

-- That another company has a main here is told in a contractor's clip. A company that gives tickets of
-- its own digs could so bisect for it: such a main is asked for where it is moved to, as in permit checks.
select data.patch('api.clip(bigint)', jsonb_build_array(jsonb_build_array(
$w$    with met as (
        select m.*, st_intersection(m.geom, ground) as cut,
               exists (select from unnest(held) h
                       where h.given_role = 'supervisor' or m.org_id = any (h.given_orgs)) as given
        from data.gas_pipelines m where st_intersects(m.geom, ground)
    )
$w$,
$w$    with met as (
        select m.*, st_intersection(m.geom, ground) as cut, g.given
        from data.gas_pipelines m
        cross join lateral (select exists (
            select from unnest(held) h
            where h.given_role = 'supervisor' or m.org_id = any (h.given_orgs)) as given) g
        where st_dwithin(m.geom, ground, 2 * data.plane_m(data.veil_m()))
          and case when g.given then st_intersects(m.geom, ground)
                   else st_dwithin(data.veiled(m.geom, m.id), ground, data.plane_m(data.veil_m())) end
    )
$w$),
    -- a point is dug with its radius, and drawn so
    jsonb_build_array(
$w$            'area', st_assvg(st_translate(area, -mx, -my), 0, 2), 'dimension', st_dimension(area),
$w$,
$w$            'area', st_assvg(st_translate(case st_dimension(area) when 0
                then st_buffer(area, data.plane_m(data.point_radius()::double precision)) else area end, -mx, -my), 0, 2),
            'dimension', case st_dimension(area) when 1 then 1 else 2 end,
$w$)));

select data.twin_findings();
drop function api.veils_finding(text, boolean, boolean);
drop view data.far_family;
