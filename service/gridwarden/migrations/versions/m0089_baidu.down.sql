do $patch$
declare
    was constant text := $$'{{counterparts}}', coalesce(case when statement.kind = 'neighbours'
        then data.well_placed(r.counterpart) else 'data.' || quote_ident(r.counterpart) end, 'null')$$;
    becomes constant text := $$'{{counterparts}}', coalesce('data.' || quote_ident(r.counterpart), 'null')$$;
    body constant text := pg_get_functiondef(
        'data.statement(text, text, text, bigint[], text, text, text, text, text)'::regprocedure);
begin
    if position(was in body) = 0 then
        raise exception 'data.statement is not the one that this changes';
    end if;
    execute replace(body, was, becomes);
end
$patch$;

create or replace function data.statements()
    returns table (name text, family text, layer text, kind text, rule_ids bigint[], sql text)
    language sql stable as
$$
    select coalesce(case when l.kind in ('absence', 'attribute', 'location')
                         then (select r.rule from data.rule r where r.id = l.rule_ids[1]) end,
                    l.family) || ' · ' || l.layer,
           l.family, l.layer, l.kind, l.rule_ids,
           data.statement(l.kind, l.family, l.layer, l.rule_ids)
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

drop function data.well_placed(text);
