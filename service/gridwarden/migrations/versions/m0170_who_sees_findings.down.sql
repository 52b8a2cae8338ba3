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
    cross join lateral (
        select api.role() = 'planner' and (f.layer = 'gas_pipelines' or f.main and f.family not in (
            select q.family from data.main_rule q group by q.family having max(q.limit_m) >= 5
            union all
            select r.family from data.rule r join data.rule_row w on w.rule_id = r.id
            where r.counterpart = 'gas_pipelines'
              and r.family not in (select m.family from data.main_rule m)
            group by r.family having max(w.limit_m) >= 5)) as veiled) v
    where case api.role()
              when 'planner' then true
              when 'supervisor' then api.my_district(f.district_id)
              when 'utility' then not f.main or api.my_org(f.org_id)
              when 'dispatcher' then not f.main
              else false end;
drop view data.far_family;
drop function api.veils_finding(text, boolean, boolean);
drop function api.sees_finding(boolean, bigint, bigint);
