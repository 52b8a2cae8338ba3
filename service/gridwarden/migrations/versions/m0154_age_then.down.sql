drop view api.district_age_at;
do $patch$
declare
    step record;
    body text;
begin
    for step in select * from (values
        ('data.twin(text)', $was$
        perform data.twin_view('district_age', array['districts', 'coverage']);$was$),
        ('data.untwin(text)', $was$        drop view if exists api.district_age_at;
$was$)
    ) t(name, was) loop
        body := pg_get_functiondef(step.name::regprocedure);
        if position(step.was in body) = 0 then
            raise exception '% is not the one that this changed', step.name;
        end if;
        execute replace(body, step.was, '');
    end loop;
end
$patch$;
