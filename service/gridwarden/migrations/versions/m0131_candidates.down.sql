do $patch$
declare
    body text;
    step record;
begin
    for step in select * from (values
        ('data.template_beside_mains(text)', data.candidates('pairs'), $$), measured as materialized ($$),
        ('data.judging_template(text)', data.candidates('mains'), $$), pair as materialized ($$),
        ('data.judging_template(text)', data.candidates('neighbours'), $$), best as materialized ($$)
    ) t(template, was, following) loop
        body := pg_get_functiondef(step.template::regprocedure);
        execute replace(body, '), candidate as ({{candidates}}' || step.following,
                        '), candidate as (' || step.was || step.following);
    end loop;
    body := pg_get_functiondef(
        'data.statement(text, text, text, bigint[], text, text, text, text, text)'::regprocedure);
    body := replace(body, $now$    said text := replace(data.judging_template(split_part(statement.kind, ' ', 1)), '{{candidates}}',
                         coalesce(data.candidates(statement.kind), ''));
$now$, $was$    said text := data.judging_template(statement.kind);
$was$);
    execute replace(body, $now$case when statement.kind like 'neighbours%'
$now$, $was$case when statement.kind = 'neighbours'
$was$);
end
$patch$;

drop function data.candidates(text);
