-- That a finding of a main changed, where nothing changed that one may read of it, says that the main
-- moved or is another: it is told to the company and the bureau alone, who may read its evidence.
alter table data.difference add column shown boolean not null default true;
comment on table data.difference is
    'What a screening writes. `moved`: the finding itself is another; `shown`: it is, for who reads its '
    'cell alone; `told`: its evidence is.';

create or replace view api.event as
    select e.seq, e.at, e.topic, e.act, e.subject, e.finding_id, e.import_id, e.family, e.layer,
           case when not v.veiled then e.subject_id end as subject_id,
           e.main_id is not null as main, e.severity, e.certainty, e.distance_band, e.district_id,
           case when v.veiled then floor(e.x / 500) * 500 + 250 else e.x end as x,
           case when v.veiled then floor(e.y / 500) * 500 + 250 else e.y end as y,
           v.veiled, e.reason, case e.topic when 'import' then e.detail end as detail
    from data.event e
    cross join lateral (select e.topic = 'finding' and api.veils_finding(e.layer, e.main_id is not null,
        e.family in (select r.family from data.far_family r)) as veiled
        offset 0) v
    where e.seq is not null
      and case e.topic
              when 'finding' then api.sees_finding(e.main_id is not null, e.org_id, e.district_id)
                  and (e.act <> 'left' or not api.sees_finding(e.main_id is not null,
                       (e.detail ->> 'org')::bigint, (e.detail ->> 'district')::bigint))
                  and (e.act <> 'changed' or e.main_id is null or api.role() in ('utility', 'supervisor')
                       or (e.detail ->> case when v.veiled then 'shown' else 'moved' end)::boolean
                          is distinct from false)
              else exists (select from api.import i where i.id = e.import_id) end;
