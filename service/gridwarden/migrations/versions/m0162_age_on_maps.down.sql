drop view api.district_age;

do $patch$
declare
    step record;
    body text;
begin
    for step in select * from (values
        ('data.what_if_feature(text, bigint)',
$was$'to_jsonb(t) -> ''operator'') else ''{}'' end || jsonb_build_object(''records'', (select
                   jsonb_build_object(''surveyed_on'', a.dated, ''age_days'', a.age_days,
                       ''update_days'', a.update_days, ''due_on'', a.due_on, ''late_days'', a.late_days,
                       ''late'', a.late) from data.dataset_aged(data.today()) a
                   where a.id = t.dataset_id)) from$was$,
$new$'to_jsonb(t) -> ''operator'') else ''{}'' end from$new$),
        ('api.what_if(text, jsonb, bigint)',
$was$        'dig', verdict,
        -- how old the surveys of the ground are, and of what lies within 50 m
        'records', data.permit_records(jsonb_build_object('sources', data.permit_sources(
            data.permit_coverage(ground, radius_m, 50), '[]', data.today()))),$was$,
$new$        'dig', verdict,$new$)
    ) t(name, was, becomes) loop
        body := pg_get_functiondef(step.name::regprocedure);
        if position(step.was in body) = 0 then
            raise exception '% is not the one that this changes', step.name;
        end if;
        execute replace(body, step.was, step.becomes);
    end loop;
end
$patch$;
