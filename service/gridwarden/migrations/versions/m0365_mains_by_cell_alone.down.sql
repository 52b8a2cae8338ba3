create or replace view data.far_family as
    with reach as (
        select q.family, max(q.limit_m) as limit_m from data.main_rule q group by q.family)
    select q.family from reach q where q.limit_m >= 5
    union all  -- and of those that no main is judged by now, who reach so far by their rows
    select r.family from data.rule r join data.rule_row w on w.rule_id = r.id
    where r.counterpart = 'gas_pipelines' and r.family not in (select q.family from reach q)
    group by r.family having max(w.limit_m) >= 5;

create or replace function api.veils_finding(layer text, main boolean, far boolean) returns boolean
    language sql stable parallel safe as
$$
    select api.role() in ('planner', 'inspector', 'warden')
       and (veils_finding.layer = 'gas_pipelines' or veils_finding.main and not veils_finding.far)
$$;
revoke all on function api.veils_finding(text, boolean, boolean) from public;
grant execute on function api.veils_finding(text, boolean, boolean) to
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
    cross join lateral (select api.veils_finding(f.layer, f.main,
        f.family in (select r.family from data.far_family r)) as veiled) v
    where api.sees_finding(f.main, f.org_id, f.district_id)
       or (select api.role() = 'warden') and not v.veiled
          and api.in_my_area(st_setsrid(st_makepoint(f.x, f.y), {srid}));
grant select on api.finding_count to gridwarden_utility, gridwarden_supervisor;
grant execute on function api.finding_cell(double precision) to
    gridwarden_utility, gridwarden_supervisor;
select data.twin_findings();

select data.patch('api.clip(bigint)', jsonb_build_array(jsonb_build_array(
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
$w$,
$w$    with met as (
        select m.*, st_intersection(m.geom, ground) as cut,
               exists (select from unnest(held) h
                       where h.given_role = 'supervisor' or m.org_id = any (h.given_orgs)) as given
        from data.gas_pipelines m where st_intersects(m.geom, ground)
    )
$w$),
    jsonb_build_array(
$w$            'area', st_assvg(st_translate(case st_dimension(area) when 0
                then st_buffer(area, data.plane_m(data.point_radius()::double precision)) else area end, -mx, -my), 0, 2),
            'dimension', case st_dimension(area) when 1 then 1 else 2 end,
$w$,
$w$            'area', st_assvg(st_translate(area, -mx, -my), 0, 2), 'dimension', st_dimension(area),
$w$)));

create or replace view api.event as
    select e.seq, e.at, e.topic, e.act, e.subject, e.finding_id, e.import_id, e.family, e.layer,
           case when not v.veiled then e.subject_id end as subject_id,
           e.main_id is not null as main, e.severity, e.certainty, e.distance_band, e.district_id,
           case when v.veiled then floor(e.x / 500) * 500 + 250 else e.x end as x,
           case when v.veiled then floor(e.y / 500) * 500 + 250 else e.y end as y,
           v.veiled, e.reason, case e.topic when 'import' then e.detail end as detail
    from data.event e
    cross join lateral (select e.topic = 'finding' and api.veils_finding(e.layer, e.main_id is not null,
        e.family in (select r.family from data.far_family r)) as veiled
        offset 0) v
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
$w$api.veils_finding(c.layer, c.main)$w$,
$w$api.veils_finding(c.layer, c.main,
                        c.family in (select r.family from data.far_family r))$w$)));

drop function api.veils_finding(text, boolean);
