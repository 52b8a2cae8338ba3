-- Nobody measures a clearance from a place that Baidu's shifted system gave: it is known to some
-- 10 m, which is more than most distances that the codes ask for.

-- The relation a statement reads a layer (or the pieces of mains) from: the table itself, without
-- the datasets read as BD-09 where there are any.
create function data.well_placed(layer text) returns text
    language sql stable as
$$
    select case
        when d.ids is null then format('data.%I', well_placed.layer)
        when well_placed.layer = 'main_piece' then format(
            '(select p.* from data.main_piece p join data.gas_pipelines m on m.id = p.main_id'
            ' where m.dataset_id <> all (%L::bigint[]))', d.ids)
        else format('(select f.* from data.%I f where f.dataset_id <> all (%L::bigint[]))',
                    well_placed.layer, d.ids) end
    from (select array_agg(d.id) as ids from data.dataset d
          where d.crs = 'bd09' and d.layer = case when well_placed.layer = 'main_piece' then 'gas_pipelines'
                                                  else well_placed.layer end) d
$$;
comment on function data.well_placed(text) is
    'Layer or main_piece → SQL of what is measured from. An attribute, an absence within hundreds of '
    'metres and a class location are judged of all features.';

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

do $patch$
declare
    was constant text := $$'{{counterparts}}', coalesce('data.' || quote_ident(r.counterpart), 'null')$$;
    becomes constant text := $$'{{counterparts}}', coalesce(case when statement.kind = 'neighbours'
        then data.well_placed(r.counterpart) else 'data.' || quote_ident(r.counterpart) end, 'null')$$;
    body constant text := pg_get_functiondef(
        'data.statement(text, text, text, bigint[], text, text, text, text, text)'::regprocedure);
begin
    if position(was in body) = 0 then
        raise exception 'data.statement is not the one that this changes';
    end if;
    execute replace(body, was, becomes);
end
$patch$;

revoke all on function data.well_placed(text) from public;
grant execute on function data.well_placed(text) to gridwarden_screen;
