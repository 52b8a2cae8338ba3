-- An upgrade may bring other statements that judge. A city that was judged by those of before is judged
-- again by the next screening, and one is queued; until then it says that something waits.

-- The job that judges again what this program judges otherwise; null where nothing is, where one waits,
-- or where the city was never screened.
create function data.judge_upgraded() returns bigint
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    job bigint;
begin
    if not exists (select from data.judged_group)
       or not exists (select from data.judging_marks() n full join data.judged_group g using (family, layer)
                      where n.mark is distinct from g.mark) then
        return null;
    end if;
    perform pg_advisory_xact_lock(hashtext('gridwarden rules'));
    perform data.unmark_turned();
    if not exists (select from data.job j
                   where j.kind = 'screen' and j.state = 'queued' and j.role = 'gridwarden_screen') then
        job := api.queue_job('screen', null, 'screen');
        -- Nobody asked for it: it is the program's own.
        update data.job j set role = 'gridwarden_screen' where j.id = job;
    end if;
    return job;
end
$$;
comment on function data.judge_upgraded() is 'For `gridwarden up`, after all migrations.';

create or replace view api.screened as
select greatest(t.screened_at, case when t.screened_at is not null then s.at end) as screened_at,
    exists (select from data.change)
        or exists (select from data.judged_group g where g.mark = 'turned')
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

revoke all on function data.judge_upgraded() from public;
