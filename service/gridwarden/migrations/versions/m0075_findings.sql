-- Findings say the version of the pack that they were judged by, and what else their rule told.
drop view api.finding_exact, api.finding;
drop table data.judged;
alter table data.finding_exact
    add pack_version text not null default '',
    add told jsonb not null default '{}';
alter table data.finding_exact alter pack_version drop default, alter told drop default;
-- Found by rules of an earlier form, until the city is screened again.
update data.finding_exact e
set told = '{"form": "earlier"}',
    pack_version = coalesce((select p.version from data.rule_pack p
                             where p.id = e.pack and p.form = 'earlier'), '')
where e.row_id is null;

-- What one screen has judged so far: filled and emptied inside its own transaction, so nobody
-- else ever sees a row. The columns in the order in which statements give them.
create unlogged table data.judged (
    family text not null,
    layer text not null,
    subject_id bigint not null,
    main_id bigint,
    severity text not null,
    certainty text not null,
    distance_band text,
    org_id bigint,
    district_id bigint,
    x double precision not null,
    y double precision not null,
    strength integer not null,
    pack text not null,
    pack_version text not null,
    rule text not null,
    clause text not null,
    edition text not null,
    verified boolean not null,
    row_id bigint not null,
    pressure_class text,
    counterpart_layer text,
    counterpart_id bigint,
    distance_m numeric,
    required_m numeric,
    margin_m numeric,
    accuracy_m numeric,
    missing text[] not null,
    assumed text[] not null,
    pressed_length_m numeric,
    pressed_area_m2 numeric,
    told jsonb not null,
    geom geometry(Geometry, {srid})
);

-- Who sees which findings, said here alone. Those that have no main are open, but for a bureau,
-- which sees all those of its own districts and none of others'; of the others this shows grade
-- and band, and not the rule, whose name would tell a narrower band. A company sees those of its
-- own mains, a planner all. A planner reads of whom or where it is found only where that tells no
-- more than a band of 5 m: where a family of rules reaches less far, a row of its subjects would draw
-- the main. Then, and where a main itself is the subject, it is the 500 m cell alone.
create view api.finding as
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
            union all  -- and of those that no main is judged by now, who reach so far by their rows
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

create view api.finding_exact as
    select e.finding_id, e.pack, e.pack_version, e.rule, e.row_id, e.clause, e.edition, e.verified,
           e.pressure_class, e.counterpart_layer, e.counterpart_id, e.distance_m, e.required_m,
           e.margin_m, e.accuracy_m, e.missing, e.assumed, e.pressed_length_m, e.pressed_area_m2,
           e.told, e.geom
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
grant select, insert, delete, truncate on data.judged to gridwarden_screen;
