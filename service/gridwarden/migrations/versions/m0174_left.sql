-- A finding whose main changes hands, or whose subject comes to lie in another district, is gone for
-- who saw it and does not any more. They are told so, by what it was; to all others it changed.
create function data.tell_left() returns trigger
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    insert into data.event (topic, act, subject, finding_id, family, layer, subject_id, main_id,
        severity, certainty, distance_band, org_id, district_id, x, y, reason, detail)
    select 'finding', 'left', 'finding ' || o.id, o.id, o.family, o.layer, o.subject_id, o.main_id,
           o.severity, o.certainty, o.distance_band, o.org_id, o.district_id, o.x, o.y, n.reason,
           jsonb_build_object('org', n.org_id, 'district', n.district_id)
    from old_rows o join new_rows n on n.id = o.id
    where (o.org_id, o.district_id) is distinct from (n.org_id, n.district_id);
    return null;
end
$$;
create trigger tell_left after update on data.finding
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.tell_left();

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

revoke all on function data.tell_left() from public;
