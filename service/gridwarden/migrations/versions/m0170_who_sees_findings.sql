-- Who sees which finding, and how much of it, is said by two functions that every view of findings
-- calls: of living ones and of what happened to them. SQL functions of one expression: the planner
-- puts them into the query, so that they cost what the expression costs.

-- Findings that have no main are open, but for a bureau, which sees all those of its own districts
-- and none of others'. A company sees those of its own mains, a planner all.
create function api.sees_finding(main boolean, org_id bigint, district_id bigint) returns boolean
    language sql stable parallel safe as
$$
    select case api.role()
               when 'planner' then true
               when 'supervisor' then api.my_district(sees_finding.district_id)
               when 'utility' then not sees_finding.main or api.my_org(sees_finding.org_id)
               when 'dispatcher' then not sees_finding.main
               else false end
$$;

-- Whether the caller reads the 500 m cell alone, and not of whom it is found. `far`: its family is
-- one of data.far_family.
create function api.veils_finding(layer text, main boolean, far boolean) returns boolean
    language sql stable parallel safe as
$$
    select api.role() = 'planner'
       and (veils_finding.layer = 'gas_pipelines' or veils_finding.main and not veils_finding.far)
$$;

-- Families of which a planner reads of whom and where it is found: those tell no more than a band
-- of 5 m. Where a family reaches less far, a row of its subjects would draw the main.
create view data.far_family as
    select q.family from data.main_rule q group by q.family having max(q.limit_m) >= 5
    union all  -- and of those that no main is judged by now, who reach so far by their rows
    select r.family from data.rule r join data.rule_row w on w.rule_id = r.id
    where r.counterpart = 'gas_pipelines'
      and r.family not in (select m.family from data.main_rule m)
    group by r.family having max(w.limit_m) >= 5;

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

revoke all on function api.sees_finding(boolean, bigint, bigint),
    api.veils_finding(text, boolean, boolean) from public;
grant execute on function api.sees_finding(boolean, bigint, bigint),
    api.veils_finding(text, boolean, boolean) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_security, gridwarden_auditor,
    gridwarden_import, gridwarden_screen, gridwarden_seal;
