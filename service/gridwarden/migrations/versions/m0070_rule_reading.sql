-- Packs of the earlier form lie beside those of now, withdrawn, each with its document.
insert into data.rule_pack (id, version, level, base, extends, title, jurisdiction, valid_from,
        missing_od_mm, point_radius_m, normal, document, published_at, withdrawn_at)
    select e.id, e.version, case when e.base then 'nation' else 'city' end, e.base,
           case when not e.base
                then coalesce(e.extends, (select b.id from data.earlier_pack b where b.base), '') end,
           e.title, e.jurisdiction, coalesce(e.valid_from, e.published_at::date), e.missing_od_mm,
           e.point_radius_m, '{}', jsonb_build_object(e.id || '.toml', e.document),
           e.published_at, clock_timestamp()
    from data.earlier_pack e;
drop table data.earlier_pack;

---------------------------------------------------------------------------- reading
create view api.rule_pack as
    select id, version, level, base, extends, title, jurisdiction, valid_from, missing_od_mm,
           point_radius_m, class_system, state, profiles, published_at, withdrawn_at, in_force, form,
           case when form = 'earlier' then document end as earlier_document
    from data.rule_pack;
create view api.rule_class as select * from data.rule_class;
create view api.rule_figure as select * from data.rule_figure;
create view api.rule as select * from data.rule;
create view api.rule_row as select * from data.rule_row;

-- When the city was last screened, and by which packs (fell with the table of packs).
create view api.screened as
select (select max(j.finished_at) from data.job j
        where j.kind = 'screen' and j.state = 'finished') as screened_at,
    exists (select from data.change) as waiting,
    (select string_agg(p.id || '@' || p.version, ' ' order by p.base desc, p.id)
     from data.rule_pack p where p.in_force) as pack,
    (select max(d.published_at) from data.dataset d) as published_at;

---------------------------------------------------------------------------- grants
-- Publishing stays the administrators'; screening reads all of it.
revoke all on function data.level_rank(text), data.severity_rank(text), data.figure(text),
    data.class_in(text, text, double precision), data.shown_classes(),
    data.main_class(text, double precision), data.turn_rules(date), data.write_pack(jsonb, jsonb),
    api.publish_rules(jsonb, jsonb) from public;
grant execute on function api.publish_rules(jsonb, jsonb) to gridwarden_administrator;
grant execute on function data.level_rank(text), data.severity_rank(text), data.figure(text),
    data.class_in(text, text, double precision), data.shown_classes(),
    data.main_class(text, double precision), data.turn_rules(date) to gridwarden_screen;
grant select on data.rule_pack, data.rule_class, data.rule_outer_diameter, data.rule_figure,
    data.rule, data.rule_row to gridwarden_screen;
grant select on api.rule_pack, api.rule_class, api.rule_figure, api.rule, api.rule_row to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_auditor;
grant select on api.screened to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator;
