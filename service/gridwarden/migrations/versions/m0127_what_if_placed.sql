-- A what-if measures as a screen does: nothing from places in BD-09, and nothing of a proposal whose
-- place is in BD-09 (`feature` holds "unlocated": "bd09"); the answer names what was left out.

-- A statement that reads one relation in the place of another. Raises an exception where the
-- statement does not read the other: it would go on reading the whole layer.
create function data.read_instead(statement text, relation text, instead text) returns text
    language plpgsql immutable as
$$
begin
    if position(relation in statement) = 0 then
        raise exception 'the statement does not read "%"', relation;
    end if;
    return replace(statement, relation, instead);
end
$$;
revoke all on function data.read_instead(text, text, text) from public;

do $patch$
declare
    step record;
    body text;
begin
    for step in select * from (values
        ('data.what_if_statement(text, text, text, text, bigint[])',
$was$select q.* from data.main_piece q
            where q.main_id in (select n.main_id from data.main_piece n cross join$was$,
$new$select q.* from %9$s q
            where q.main_id in (select n.main_id from %9$s n cross join$new$),
        ('data.what_if_statement(text, text, text, text, bigint[])',
$was$select s.* from data.%2$I s cross join proposed p where st_dwithin$was$,
$new$select s.* from %10$s s cross join proposed p where st_dwithin$new$),
        ('data.what_if_statement(text, text, text, text, bigint[])',
$was$'select q.* from data.main_rule q where false' end);$was$,
$new$'select q.* from data.main_rule q where false' end,
        data.well_placed('main_piece'), data.well_placed(layer));$new$),
        ('data.what_if_relief(text, jsonb, bigint)',
$was$select s.family, s.layer, s.rule_ids, s.sql, max$was$,
$new$select s.family, s.layer, s.rule_ids, max$new$),
        ('data.what_if_relief(text, jsonb, bigint)',
$was$group by 1, 2, 3, 4
$was$,
$new$group by 1, 2, 3
$new$),
        ('data.what_if_relief(text, jsonb, bigint)',
$was$replace(replace(one.sql, format('data.%I s', one.layer), 'near s'),
                    format('data.%I c', proposed), 'counted c'),$was$,
$new$data.read_instead(data.statement('absence', one.family, one.layer, one.rule_ids, subjects => 'near'),
                format('data.%I c', proposed), 'counted c'),$new$),
        ('api.what_if(text, jsonb, bigint)',
$was$    relief jsonb;$was$,
$new$    relief jsonb;
    -- a place in BD-09 is known to some 10 m: no distance is judged of it, and no finding of one ends
    unlocated constant boolean := coalesce(feature ->> 'unlocated' = 'bd09', false);
    unmeasured jsonb := '[]';$new$),
        ('api.what_if(text, jsonb, bigint)',
$was$    loop
        coarse_m := 0;$was$,
$new$    loop
        if unlocated and one.kind in ('pairs', 'mains', 'neighbours') then
            unmeasured := unmeasured || jsonb_build_object('family', one.family, 'layer', one.layer);
            continue;
        end if;
        coarse_m := 0;$new$),
        ('api.what_if(text, jsonb, bigint)',
$was$then data.what_if_ends(what_if.layer, replaces, judged) else '[]' end ||$was$,
$new$then (
            select coalesce(jsonb_agg(e.v order by e.n), '[]')
            from jsonb_array_elements(data.what_if_ends(what_if.layer, replaces, judged))
                with ordinality e(v, n)
            where not unmeasured @> jsonb_build_array(jsonb_build_object(
                'family', e.v -> 'family', 'layer', e.v -> 'layer'))) else '[]' end ||$new$),
        ('api.what_if(text, jsonb, bigint)',
$was$        'rules', packs,$was$,
$new$        'unmeasured', unmeasured,
        'rules', packs,$new$)
    ) t(name, was, becomes) loop
        body := pg_get_functiondef(step.name::regprocedure);
        if position(step.was in body) = 0 then
            raise exception '% is not the one that this changes', step.name;
        end if;
        execute replace(body, step.was, step.becomes);
    end loop;
end
$patch$;
