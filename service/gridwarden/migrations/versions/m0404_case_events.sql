-- Cases are one more topic of the outbox. An act of the life cycle is an event, and so is a day that
-- comes near or passes. It is told to whom sees the case, and holds no place, no words and no name: a
-- webhook leaves the office's machines. What the screening does to a case that nobody has registered
-- is told as the event of its finding.
--
-- Invariants (tests/hazards/test_case_events.py): nobody is told of a case that api.hazard_case does
-- not show them; whose case it was until an act is told that it left, once, and nothing else.
alter table data.event
    drop constraint event_topic_check,
    add constraint event_topic_check check (topic in ('finding', 'import', 'case')),
    add column case_id bigint;

create function data.tell_cases() returns trigger
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    insert into data.event (at, topic, act, subject, case_id, family, severity, org_id, district_id, detail)
    select f.at, 'case', f.act, 'case ' || c.id, c.id, f.family, f.grade, f.org_id, f.district_id,
           jsonb_strip_nulls(jsonb_build_object('hazard_no', c.hazard_no, 'version', f.version,
               'category', c.category, 'from_state', nullif(f.from_state, ''), 'state', f.to_state,
               'org_id', f.org_id, 'due_at', f.due_at, 'day', f.day,
               'grid', case when not near.main then f.grid_id end,
               'was', jsonb_build_object('grade', f.from_grade, 'district', f.from_district_id,
                   'org', f.from_org_id, 'grid', case when not near.main
                       then coalesce((f.before ->> 'grid_id')::bigint, f.grid_id) end)))
    from fresh f
    join data.hazard_case c on c.id = f.case_id
    cross join lateral (select c.main or coalesce(c.layer = 'gas_pipelines', false) as main) near
    where f.role <> 'screen' or c.hazard_no is not null
    order by f.id;
    return null;
end
$$;
create trigger tell_cases after insert on data.hazard_act
    referencing new table as fresh for each statement execute function data.tell_cases();

---------------------------------------------------------------------------- what days bring
create table data.case_reminder (
    case_id bigint not null references data.hazard_case,
    kind text not null check (kind in ('due_soon', 'overdue')),
    level integer not null,
    due_at timestamptz not null,
    primary key (case_id, kind, level, due_at)
);
comment on table data.case_reminder is
    'Which days were told of a case: each due moment once, and once for each level past it.';

select data.patch('data.remind()', jsonb_build_array(jsonb_build_array(
$w$    insert into data.notice (account_id, case_id, kind, once, level, due_at, at)$w$,
$w$, reminded as (
        insert into data.case_reminder (case_id, kind, level, due_at)
        select w.id, w.kind, w.level, w.due_at from told w
        on conflict do nothing returning case_id, kind, level, due_at),
    outbox as (
        insert into data.event (at, topic, act, subject, case_id, family, severity, org_id, district_id, detail)
        select moment, 'case', r.kind, 'case ' || c.id, c.id, c.family, c.grade, c.org_id, c.district_id,
               jsonb_strip_nulls(jsonb_build_object('hazard_no', c.hazard_no, 'version', c.version,
                   'category', c.category, 'state', c.state, 'org_id', c.org_id, 'due_at', c.due_at,
                   'level', nullif(r.level, 0), 'grid', case when not c.main
                       and coalesce(c.layer, '') <> 'gas_pipelines' then c.grid_id end))
        from reminded r join data.hazard_case c on c.id = r.case_id
        order by r.due_at, r.level)
    insert into data.notice (account_id, case_id, kind, once, level, due_at, at)$w$)));

---------------------------------------------------------------------------- who is told
-- Told to whose the case was by the act itself and who sees it now: what came before it was theirs is
-- not told. `gone`: it was theirs until this act, by which it left them.
create or replace view api.event as
    select e.seq, e.at, e.topic, case when v.gone then 'left' else e.act end as act, e.subject,
           e.finding_id, e.import_id, e.family, e.layer,
           case when not v.veiled then e.subject_id end as subject_id,
           e.main_id is not null as main,
           case when v.gone then e.detail #>> '{was,grade}' else e.severity end as severity,
           e.certainty, e.distance_band,
           case when v.gone then (e.detail #>> '{was,district}')::bigint else e.district_id end as district_id,
           case when v.veiled then floor(e.x / 500) * 500 + 250 else e.x end as x,
           case when v.veiled then floor(e.y / 500) * 500 + 250 else e.y end as y,
           v.veiled, e.reason,
           case when v.gone then jsonb_build_object('hazard_no', e.detail -> 'hazard_no')
                when e.topic = 'case' then e.detail - '{was,grid}'::text[]
                when e.topic = 'import' then e.detail end as detail,
           e.case_id
    from data.event e
    cross join lateral (
        select e.topic = 'finding' and api.veils_finding(e.layer, e.main_id is not null) as veiled,
               e.topic = 'case' and s.before and not s.after as gone,
               e.topic = 'case' and s.after and exists (
                   select from api.hazard_case h where h.id = e.case_id) as sees
        from (select coalesce(case api.role()
                  when 'utility' then api.my_org((e.detail #>> '{was,org}')::bigint)
                  when 'contractor' then api.my_org((e.detail #>> '{was,org}')::bigint)
                  when 'warden' then (e.detail #>> '{was,grid}')::bigint = any (api.my_grids())
                  else api.my_district((e.detail #>> '{was,district}')::bigint) end, false) as before,
              coalesce(case api.role()
                  when 'utility' then api.my_org(e.org_id) or exists (
                      select from data.hazard_case c
                      where c.id = e.case_id and c.main_orgs && api.my_orgs())
                  when 'contractor' then api.my_org(e.org_id)
                  when 'warden' then (e.detail ->> 'grid')::bigint = any (api.my_grids())
                  else api.my_district(e.district_id) end, false) as after) s
        offset 0) v
    where e.seq is not null
      and case e.topic
              when 'finding' then api.role() in ('planner', 'supervisor', 'utility', 'dispatcher')
                  and api.sees_finding(e.main_id is not null, e.org_id, e.district_id)
                  and (e.act <> 'left' or not api.sees_finding(e.main_id is not null,
                       (e.detail ->> 'org')::bigint, (e.detail ->> 'district')::bigint))
                  and (e.act <> 'changed' or e.main_id is null or api.role() in ('utility', 'supervisor')
                       or (e.detail ->> case when v.veiled then 'shown' else 'moved' end)::boolean
                          is distinct from false)
              when 'case' then v.sees or v.gone and api.role() in ('utility', 'contractor', 'warden',
                  'supervisor', 'inspector', 'planner')
              else exists (select from api.import i where i.id = e.import_id) end;

-- Wardens are told of cases: a webhook has the grids of its key.
drop function data.webhooks_on();
create function data.webhooks_on() returns table (
        id bigint, url text, secret text, filters jsonb, seen bigint, failures integer,
        role text, person text, org_ids bigint[], district_ids bigint[], grid_ids bigint[],
        all_districts boolean, language text, waiting bigint, behind boolean, due boolean)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select w.id, w.url, w.secret, w.filters, w.seen, w.failures, c.role, c.person, c.org_ids,
           c.district_ids, c.grid_ids, c.all_districts, c.language, d.waiting, w.seen < t.last,
           d.due and (w.rest_until is null or w.rest_until <= clock_timestamp())
    from data.webhook w
    join access.credential c on c.id = w.credential_id
        and c.revoked_at is null and c.expires_at > clock_timestamp()
    cross join data.event_clock t
    cross join lateral (
        select count(*) as waiting, exists (
            select from (select distinct on (p.subject) p.next_at from data.delivery p
                         where p.webhook_id = w.id and p.delivered_at is null
                         order by p.subject, p.id) f
            where f.next_at <= clock_timestamp()) as due
        from data.delivery p where p.webhook_id = w.id and p.delivered_at is null) d
    where w.state = 'on'
$$;

---------------------------------------------------------------------------- a report sent twice
-- The same words of the same person at the same spot within half a minute are one report: a button
-- that was pressed twice, a phone that sent again.
create index hazard_case_entered on data.hazard_case (found_by, entered_at) where found_by is not null;
select data.patch('api.report_case(jsonb)', jsonb_build_array(jsonb_build_array(
$w$    if b.id is null then
        if c.place is not null then$w$,
$w$    perform pg_advisory_xact_lock(hashtext('gridwarden report ' || coalesce(api.person(), '')));
    if b.id is null then
        select h.* into b from data.hazard_case h
            where h.found_by = api.person() and h.entered_at > moment - interval '30 seconds'
              and h.found_role = api.role() and h.state = t.to_state and h.family = c.family
              and (h.layer, h.subject_id, h.description, h.place_words, h.external_no)
                  is not distinct from (c.layer, c.subject_id, c.description, c.place_words, c.external_no)
              and coalesce(st_distance(h.place, c.place) < 0.001, h.place is null and c.place is null)
              and (c.grid_id is null or h.grid_id = c.grid_id)
              and (c.district_id is null or h.district_id = c.district_id)
            limit 1;
        if b.id is not null then
            return jsonb_build_object('id', b.id, 'version', b.version, 'joined', true);
        end if;
        if c.place is not null then$w$)));

---------------------------------------------------------------------------- a moment that is read
-- The latest due time is told as the office's clock shows it.
select data.patch('data.moved_case(data.hazard_case, data.hazard_case, data.hazard_transition, date, timestamptz)',
    jsonb_build_array(jsonb_build_array(
$w$                'latest', latest));$w$,
$w$                'latest', to_char(latest at time zone
                    coalesce(nullif(current_setting('gridwarden.zone', true), ''), 'UTC'), 'YYYY-MM-DD HH24:MI')));$w$)));

---------------------------------------------------------------------------- grants
revoke all on function data.tell_cases(), data.webhooks_on() from public;
grant execute on function data.webhooks_on() to gridwarden_send;
grant execute on function api.my_districts(), api.my_grids(), api.office_now(), api.veils_cases() to
    gridwarden_dispatcher, gridwarden_administrator;
grant execute on function api.sees_finding(boolean, bigint, bigint),
    api.veils_finding(text, boolean), api.districts_called(text) to
    gridwarden_contractor;
grant select on api.event, api.event_clock, api.event_choice, api.webhook, api.delivery to
    gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
grant execute on function api.add_webhook(bytea, text, text, jsonb, integer),
    api.drop_webhook(bigint), api.resume_webhook(bigint), api.test_webhook(bigint, text) to
    gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
