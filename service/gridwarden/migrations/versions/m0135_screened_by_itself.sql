-- A city is screened when it was, whether a job did it or the screener by itself.
create or replace view api.screened as
select greatest(t.screened_at, case when t.screened_at is not null then s.at end) as screened_at,
    exists (select from data.change)
        or t.screened_at is not null and l.packs is distinct from (
            select coalesce(jsonb_object_agg(p.id, p.version), '{}') from data.rule_pack p where p.in_force)
        as waiting,
    (select string_agg(p.id || '@' || p.version, ' ' order by p.base desc, p.id)
     from data.rule_pack p
     where case when l.packs is null then t.screened_at is not null and p.form = 'earlier'
                else l.packs ->> p.id = p.version end) as pack,
    (select max(d.published_at) from data.dataset d) as published_at
from (select greatest((select max(s.at) from data.screening s),
                      (select max(j.finished_at) from data.job j
                       where j.kind = 'screen' and j.state = 'finished')) as screened_at) t
left join (select s.packs_after as packs from data.screening s order by s.id desc limit 1) l on true
left join (select max(s.at) as at from data.screen_step s) s on true;

-- Tables of the way, empty. Rows are deleted while they are few (a truncated table is a new file, and
-- new rows in the catalogue); what a long transaction elsewhere keeps from being cleaned is cut off.
create or replace function data.clear_step() returns void
    language plpgsql volatile as
$$
declare
    one text;
begin
    foreach one in array array['again', 'judged', 'difference', 'change_seen'] loop
        if pg_relation_size(format('data.%I', one)::regclass) > 1048576 then
            begin
                execute format('lock table data.%I in access exclusive mode nowait', one);
                execute format('truncate data.%I', one);
            exception when lock_not_available then  -- a backup reads it: no edit waits for that
                execute format('delete from data.%I', one);
            end;
        else
            execute format('delete from data.%I', one);
        end if;
    end loop;
end
$$;

