-- When the city had last been screened then: as a whole, or by a step that wrote findings (of one that
-- wrote none nothing is kept for long). Whether changes waited is not kept.
create or replace view api.screened_at as
select case when s.at is not null then greatest(s.at, w.ended) end as screened_at, false as waiting,
    (select string_agg(p.key || '@' || p.value, ' ' order by p.key) from jsonb_each_text(s.packs_after) p)
        as pack,
    (select max(v.published_at) from data.dataset_version v where v.published_at <= (select api.at()))
        as published_at
from (select 1) one
left join lateral (select s.at, s.packs_after from data.screening s
                   where s.at <= (select api.at()) order by s.id desc limit 1) s on true
left join lateral (select m.ended from data.moment m
                   where m.screened and m.began <= (select api.at()) and m.ended <= (select api.at())
                   order by m.began desc limit 1) w on true;
