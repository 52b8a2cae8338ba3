revoke insert on data.change from gridwarden_screen;
create or replace view api.screened as
select t.screened_at,
    exists (select from data.change)
        or t.screened_at is not null and l.packs is distinct from (
            select coalesce(jsonb_object_agg(p.id, p.version), '{}') from data.rule_pack p where p.in_force)
        as waiting,
    (select string_agg(p.id || '@' || p.version, ' ' order by p.base desc, p.id)
     from data.rule_pack p
     where case when l.packs is null then t.screened_at is not null and p.form = 'earlier'
                else l.packs ->> p.id = p.version end) as pack,
    (select max(d.published_at) from data.dataset d) as published_at
from (select max(j.finished_at) as screened_at from data.job j
      where j.kind = 'screen' and j.state = 'finished') t
left join (select s.packs_after as packs from data.screening s order by s.id desc limit 1) l on true;

drop table data.screen_step;
drop trigger wake_screener on data.change;
drop trigger read_otherwise on data.dataset;
create or replace function data.statements()
    returns table (name text, family text, layer text, kind text, rule_ids bigint[], sql text)
    language sql stable as
$$
    select coalesce(case when l.kind in ('absence', 'attribute', 'location')
                         then (select r.rule from data.rule r where r.id = l.rule_ids[1]) end,
                    l.family) || ' · ' || l.layer,
           l.family, l.layer, l.kind, l.rule_ids,
           data.statement(l.kind, l.family, l.layer, l.rule_ids,
               subjects => case when l.kind in ('pairs', 'mains', 'neighbours')
                                then data.well_placed(l.layer) end,
               pieces => data.well_placed('main_piece'), own_pieces => data.well_placed('main_piece'))
    from (
        select r.family, s.layer, k.kind, array_agg(r.id order by r.id) as rule_ids,
               min(case when k.kind in ('absence', 'attribute', 'location') then r.rule end) as rule
        from data.rule r
        cross join lateral unnest(r.subjects) s(layer)
        cross join lateral (select case
            when r.kind in ('absence', 'attribute') then r.kind
            when r.test ? 'location' then 'location'
            when r.counterpart = 'gas_pipelines' and s.layer = 'gas_pipelines' then 'mains'
            when r.counterpart = 'gas_pipelines' then 'pairs'
            else 'neighbours' end as kind) k
        where r.in_force and data.unset_figures(r.id) = '{}'
        group by r.family, s.layer, k.kind,
                 case when k.kind = 'neighbours' then r.counterpart
                      when k.kind in ('absence', 'attribute', 'location') then r.id::text end
    ) l
    order by l.family, l.layer, l.kind, l.rule, l.rule_ids
$$;

drop function data.wake_screener(), data.read_otherwise(), data.take_slice(integer), data.clear_step(),
    data.count_again(), data.judge_again(), data.concern_absent(text, text, text),
    data.concern_near(text, text, double precision), data.reach_m(text, text, bigint[]),
    data.statements_again(), data.judged_together();
do $drop$
declare
    one record;
begin
    for one in select l.id from data.layer l loop
        execute format('drop index if exists data.%I, data.%I', one.id || '_coarse', one.id || '_widest');
    end loop;
end
$drop$;
drop function data.index_layers();
drop index data.main_rule_widest, data.main_piece_edge, data.main_piece_coarse;
alter table data.change drop stuck;
alter table data.change_seen drop old_geom, drop new_geom;
