-- name: packs
-- The packs in force, from the base to the deepest.
select p.id, p.version, p.level, p.title, p.published_at,
       count(r.id) filter (where r.in_force) as rules,
       count(r.id) filter (where r.in_force and r.verified) as verified,
       array(select f.id from api.rule_figure f
             where f.pack = p.id and f.version = p.version and f.unit is not null
               and not exists (
                   select from api.rule_figure g
                   join api.rule_pack o on o.id = g.pack and o.version = g.version and o.in_force
                   where g.id = f.id and g.value is not null)
             order by f.id) as unset
from api.rule_pack p
left join api.rule r on r.pack = p.id and r.version = p.version
where p.in_force
group by p.id, p.version, p.level, p.title, p.published_at, p.base
order by not p.base, api.level_rank(p.level), p.id

-- name: list
-- Every rule in force, without its rows. `not_set`: the figures that it needs and nobody has set.
with unset as materialized (
    select distinct f.id from api.rule_figure f
    where not exists (
        select from api.rule_figure g
        join api.rule_pack o on o.id = g.pack and o.version = g.version and o.in_force
        where g.id = f.id and g.value is not null)
)
select coalesce(jsonb_agg(jsonb_build_object('id', r.rule, 'pack', r.pack, 'version', r.version,
        'level', p.level, 'family', r.family, 'kind', r.kind, 'subjects', r.subjects,
        'counterpart', r.counterpart, 'strength', r.strength, 'clause', r.clause,
        'edition', r.edition, 'valid_from', r.valid_from, 'valid_to', r.valid_to,
        'verified', r.verified, 'certainty', r.certainty, 'source', r.source, 'text', r.text,
        'heuristic', r.heuristic, 'replaces', r.replaces,
        'not_set', array(
            select u.id from unset u
            where r.test #>> '{people,figure}' = u.id
               or strpos(r.test::text, '"@' || u.id || '"') > 0
               or exists (select from api.rule_row w where w.rule_id = r.id and w.figure = u.id)
            order by u.id))
    order by r.pack, r.rule), '[]')::text
from api.rule r
join api.rule_pack p on p.id = r.pack and p.version = r.version
where r.in_force

-- name: one
-- One rule with its rows: of the edition in force, else of the one published last. `editions` are
-- the versions of its pack that hold a rule of this name; `replaced_by` names whose rules set it
-- aside where it is not in force.
with found as (
    select r.*, p.level, p.published_at, p.in_force as pack_in_force
    from api.rule r join api.rule_pack p on p.id = r.pack and p.version = r.version
    where r.rule = %(rule)s
    order by r.in_force desc, p.in_force desc, p.published_at desc
    limit 1
)
select jsonb_build_object('id', r.rule, 'pack', r.pack, 'version', r.version, 'level', r.level,
    'in_force', r.in_force, 'family', r.family, 'kind', r.kind, 'subjects', r.subjects,
    'counterpart', r.counterpart, 'classes', r.classes,
    'measured', jsonb_build_object('from', r.measured_from, 'to', r.measured_to),
    'plane', r.plane, 'test', r.test, 'strength', r.strength, 'clause', r.clause,
    'edition', r.edition, 'valid_from', r.valid_from, 'valid_to', r.valid_to,
    'verified', r.verified, 'certainty', r.certainty, 'source', r.source, 'text', r.text,
    'measures', r.measures, 'heuristic', r.heuristic, 'replaces', r.replaces,
    'relaxations', r.relaxations,
    'replaced_by', (
        select coalesce(jsonb_agg(jsonb_build_object('rule', o.rule, 'pack', o.pack,
                                                     'version', o.version) order by o.rule), '[]')
        from api.rule o where o.in_force and r.rule = any (o.replaces)),
    'editions', (
        select jsonb_agg(jsonb_build_object('version', e.version, 'edition', e.edition,
            'clause', e.clause, 'verified', e.verified, 'published_at', q.published_at,
            'valid_from', coalesce(e.valid_from, q.valid_from), 'valid_to', e.valid_to,
            'in_force', e.in_force) order by q.published_at desc)
        from api.rule e join api.rule_pack q on q.id = e.pack and q.version = e.version
        where e.pack = r.pack and e.rule = r.rule),
    'rows', (
        select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('row_no', w.row_no,
            'class', w.pressure_class, 'method', w.method, 'dn_over', w.dn_over,
            'dn_upto', w.dn_upto, 'wall_min_mm', w.wall_min_mm, 'wall_under_mm', w.wall_under_mm,
            'area_class', w.area_classes, 'material', w.materials, 'network', w.networks,
            'depth_over_m', w.depth_over_m, 'depth_upto_m', w.depth_upto_m, 'limit_m', w.limit_m,
            'figure', w.figure, 'interpolate', w.points, 'formula', w.formula,
            'per_depth', w.per_depth, 'over_m', w.over_m, 'severity', w.severity,
            'verdict', w.verdict, 'note', w.note)) order by w.row_no)
        from api.rule_row w where w.rule_id = r.id))::text
from found r

-- name: pack_list
-- Every pack that was ever published, by the edition in force, else by the one published last.
select coalesce(jsonb_agg(pack order by pack ->> 'id'), '[]')::text
from (
    select distinct on (p.id) jsonb_build_object('id', p.id, 'version', p.version,
        'level', p.level, 'base', p.base, 'extends', p.extends, 'title', p.title,
        'jurisdiction', p.jurisdiction, 'valid_from', p.valid_from, 'in_force', p.in_force,
        'published_at', p.published_at, 'form', p.form,
        'editions', (select count(*) from api.rule_pack o where o.id = p.id),
        'rules', (select count(*) from api.rule r where r.pack = p.id and r.version = p.version),
        'verified', (select count(*) from api.rule r
                     where r.pack = p.id and r.version = p.version and r.verified)) as pack
    from api.rule_pack p
    order by p.id, p.in_force desc, p.published_at desc
) packs

-- name: pack_one
-- One pack: classes, figures with the value that holds now, profiles, and its editions; of those in
-- an earlier form the document is all that there is.
with found as (
    select p.* from api.rule_pack p where p.id = %(pack)s
    order by p.in_force desc, p.published_at desc limit 1
)
select jsonb_build_object('id', p.id, 'version', p.version, 'level', p.level, 'base', p.base,
    'extends', p.extends, 'title', p.title, 'jurisdiction', p.jurisdiction,
    'valid_from', p.valid_from, 'in_force', p.in_force, 'published_at', p.published_at,
    'form', p.form, 'missing_od_mm', p.missing_od_mm, 'point_radius_m', p.point_radius_m,
    'class_system', p.class_system, 'state', p.state, 'profiles', p.profiles,
    'classes', (
        select coalesce(jsonb_agg(jsonb_build_object('system', c.system, 'class', c.class,
            'over_mpa', c.over_mpa, 'upto_mpa', c.upto_mpa, 'closed_below', c.closed_below,
            'title', c.title) order by c.system, c.rank), '[]')
        from api.rule_class c where c.pack = p.id and c.version = p.version),
    'figures', (
        select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'unit', f.unit, 'value', f.value,
            'title', f.title, 'source', f.source, 'certainty', f.certainty,
            'in_force', holds.value, 'set_by', holds.pack) order by f.id), '[]')
        from api.rule_figure f
        left join lateral (
            select g.value, g.pack from api.rule_figure g
            join api.rule_pack o on o.id = g.pack and o.version = g.version and o.in_force
            where g.id = f.id and g.value is not null
            order by api.level_rank(o.level) desc,
                     o.published_at desc
            limit 1) holds on true
        where f.pack = p.id and f.version = p.version),
    'rules', (
        select coalesce(jsonb_agg(jsonb_build_object('id', r.rule, 'family', r.family,
            'kind', r.kind, 'clause', r.clause, 'edition', r.edition, 'verified', r.verified,
            'in_force', r.in_force, 'text', r.text) order by r.rule), '[]')
        from api.rule r where r.pack = p.id and r.version = p.version),
    'editions', (
        select jsonb_agg(jsonb_build_object('version', o.version, 'valid_from', o.valid_from,
            'published_at', o.published_at, 'withdrawn_at', o.withdrawn_at,
            'in_force', o.in_force, 'form', o.form)
            || case when o.form = 'earlier' then jsonb_build_object('document', o.earlier_document)
               else '{}' end order by o.published_at desc)
        from api.rule_pack o where o.id = p.id))::text
from found p
