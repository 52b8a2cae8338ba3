-- The age of the surveys of each district, for the map; of what a what-if rests on, in its answer.

-- Of each district the oldest survey and the earliest day on which one was or is due: no outline. An
-- older survey beneath a newer one of the same operator does not count.
create view api.district_age as
select d.id as district_id, min(v.surveyed_on) as surveyed_on,
    min(v.surveyed_on + v.update_days) as due_on
from data.districts d
join data.coverage v on st_intersects(v.geom, d.geom) and not st_touches(v.geom, d.geom)
where not exists (select from data.coverage k
                  where k.operator = v.operator and k.surveyed_on > v.surveyed_on
                    and st_intersects(k.geom, v.geom) and st_covers(k.geom, v.geom))
group by d.id;
grant select on api.district_age to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_viewer;

do $patch$
declare
    step record;
    body text;
begin
    for step in select * from (values
        ('data.what_if_feature(text, bigint)',
$was$'to_jsonb(t) -> ''operator'') else ''{}'' end from$was$,
$new$'to_jsonb(t) -> ''operator'') else ''{}'' end || jsonb_build_object(''records'', (select
                   jsonb_build_object(''surveyed_on'', a.dated, ''age_days'', a.age_days,
                       ''update_days'', a.update_days, ''due_on'', a.due_on, ''late_days'', a.late_days,
                       ''late'', a.late) from data.dataset_aged(data.today()) a
                   where a.id = t.dataset_id)) from$new$),
        ('api.what_if(text, jsonb, bigint)',
$was$        'dig', verdict,$was$,
$new$        'dig', verdict,
        -- how old the surveys of the ground are, and of what lies within 50 m
        'records', data.permit_records(jsonb_build_object('sources', data.permit_sources(
            data.permit_coverage(ground, radius_m, 50), '[]', data.today()))),$new$)
    ) t(name, was, becomes) loop
        body := pg_get_functiondef(step.name::regprocedure);
        if position(step.was in body) = 0 then
            raise exception '% is not the one that this changes', step.name;
        end if;
        execute replace(body, step.was, step.becomes);
    end loop;
end
$patch$;
