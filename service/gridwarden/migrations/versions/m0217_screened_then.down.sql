create or replace view api.screened_at as
select s.at as screened_at, false as waiting,
    (select string_agg(p.key || '@' || p.value, ' ' order by p.key) from jsonb_each_text(s.packs_after) p)
        as pack,
    (select max(v.published_at) from data.dataset_version v where v.published_at <= (select api.at()))
        as published_at
from (select 1) one
left join lateral (select s.at, s.packs_after from data.screening s
                   where s.at <= (select api.at()) order by s.id desc limit 1) s on true;
