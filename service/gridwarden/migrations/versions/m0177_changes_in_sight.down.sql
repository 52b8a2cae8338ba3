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
              else exists (select from api.import i where i.id = e.import_id) end;

alter table data.difference drop column shown;
comment on table data.difference is
    'What a screening writes. `moved`: the finding itself is another; `told`: its evidence is.';
