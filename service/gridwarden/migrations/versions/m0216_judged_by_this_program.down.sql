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
drop function data.judge_upgraded();
