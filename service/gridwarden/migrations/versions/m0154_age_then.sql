-- api.district_age has a twin, too: made again with those of the layers that it reads.
do $patch$
declare
    step record;
    body text;
begin
    for step in select * from (values
        ('data.twin(text)',
$was$        perform data.twin_view('district_surveyed', array['districts', 'coverage']);$was$,
$new$        perform data.twin_view('district_surveyed', array['districts', 'coverage']);
        perform data.twin_view('district_age', array['districts', 'coverage']);$new$),
        ('data.untwin(text)',
$was$        drop view if exists api.district_surveyed_at;$was$,
$new$        drop view if exists api.district_age_at;
        drop view if exists api.district_surveyed_at;$new$)
    ) t(name, was, becomes) loop
        body := pg_get_functiondef(step.name::regprocedure);
        if position(step.was in body) = 0 then
            raise exception '% is not the one that this changes', step.name;
        end if;
        execute replace(body, step.was, step.becomes);
    end loop;
end
$patch$;
select data.twin('coverage');
