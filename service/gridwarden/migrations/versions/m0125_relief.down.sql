do $patch$
declare
    body text := pg_get_functiondef('api.what_if(text, jsonb, bigint)'::regprocedure);
    step record;
begin
    for step in select * from (values
        ('then data.what_if_ends(what_if.layer, replaces, judged) else ''[]'' end || (relief -> ''ends''),
        ''begins'', relief -> ''begins'',',
         'then data.what_if_ends(what_if.layer, replaces, judged) else ''[]'' end,'),
        ('    relief := data.what_if_relief(what_if.layer, proposal, replaces);
    near := data.what_if_others(',
         '    near := data.what_if_others('),
        ('    near jsonb;
    relief jsonb;',
         '    near jsonb;')
    ) t(was, becomes) loop
        if position(step.was in body) = 0 then
            raise exception 'api.what_if is not the one that this changes';
        end if;
        body := replace(body, step.was, step.becomes);
    end loop;
    execute body;
end
$patch$;


drop function data.what_if_relief(text, jsonb, bigint);
