-- The same families, with one look through what is said of mains instead of two.
create or replace view data.far_family as
    with reach as (
        select q.family, max(q.limit_m) as limit_m from data.main_rule q group by q.family)
    select q.family from reach q where q.limit_m >= 5
    union all  -- and of those that no main is judged by now, who reach so far by their rows
    select r.family from data.rule r join data.rule_row w on w.rule_id = r.id
    where r.counterpart = 'gas_pipelines' and r.family not in (select q.family from reach q)
    group by r.family having max(w.limit_m) >= 5;

-- Whether a row is veiled is asked once a row (offset 0 keeps it in one place), not once for every
-- column that depends on it: each would look through all that the rules say of mains.
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
              else exists (select from api.import i where i.id = e.import_id) end;

