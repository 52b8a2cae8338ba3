revoke select on api.event_clock, api.event_choice, api.webhook, api.delivery from
    gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
revoke execute on function api.add_webhook(bytea, text, text, jsonb, integer),
    api.drop_webhook(bigint), api.resume_webhook(bigint), api.test_webhook(bigint, text) from
    gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
revoke execute on function api.sees_finding(boolean, bigint, bigint),
    api.veils_finding(text, boolean), api.districts_called(text) from
    gridwarden_contractor;
revoke execute on function api.my_districts(), api.my_grids(), api.office_now(), api.veils_cases() from
    gridwarden_dispatcher, gridwarden_administrator;

select data.patch('data.moved_case(data.hazard_case, data.hazard_case, data.hazard_transition, date, timestamptz)',
    jsonb_build_array(jsonb_build_array(
$w$                'latest', to_char(latest at time zone
                    coalesce(nullif(current_setting('gridwarden.zone', true), ''), 'UTC'), 'YYYY-MM-DD HH24:MI')));$w$,
$w$                'latest', latest));$w$)));
select data.patch('api.report_case(jsonb)', jsonb_build_array(jsonb_build_array(
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
        if c.place is not null then$w$,
$w$    if b.id is null then
        if c.place is not null then$w$)));
select data.patch('data.remind()', jsonb_build_array(jsonb_build_array(
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
    insert into data.notice (account_id, case_id, kind, once, level, due_at, at)$w$,
$w$    insert into data.notice (account_id, case_id, kind, once, level, due_at, at)$w$)));
drop index data.hazard_case_entered;

drop function data.webhooks_on();
create function data.webhooks_on() returns table (
        id bigint, url text, secret text, filters jsonb, seen bigint, failures integer,
        role text, person text, org_ids bigint[], district_ids bigint[], all_districts boolean,
        language text, waiting bigint, behind boolean, due boolean)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select w.id, w.url, w.secret, w.filters, w.seen, w.failures, c.role, c.person, c.org_ids,
           c.district_ids, c.all_districts, c.language, d.waiting, w.seen < t.last,
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
revoke all on function data.webhooks_on() from public;
grant execute on function data.webhooks_on() to gridwarden_send;

drop trigger tell_cases on data.hazard_act;
drop function data.tell_cases();
drop table data.case_reminder;
drop view api.event;
create view api.event as
    select e.seq, e.at, e.topic, e.act, e.subject, e.finding_id, e.import_id, e.family, e.layer,
           case when not v.veiled then e.subject_id end as subject_id,
           e.main_id is not null as main, e.severity, e.certainty, e.distance_band, e.district_id,
           case when v.veiled then floor(e.x / 500) * 500 + 250 else e.x end as x,
           case when v.veiled then floor(e.y / 500) * 500 + 250 else e.y end as y,
           v.veiled, e.reason, case e.topic when 'import' then e.detail end as detail
    from data.event e
    cross join lateral (select e.topic = 'finding'
        and api.veils_finding(e.layer, e.main_id is not null) as veiled) v
    where e.seq is not null
      and case e.topic
              when 'finding' then api.sees_finding(e.main_id is not null, e.org_id, e.district_id)
                  and (e.act <> 'left' or not api.sees_finding(e.main_id is not null,
                       (e.detail ->> 'org')::bigint, (e.detail ->> 'district')::bigint))
                  and (e.act <> 'changed' or e.main_id is null or api.role() in ('utility', 'supervisor')
                       or (e.detail ->> case when v.veiled then 'shown' else 'moved' end)::boolean
                          is distinct from false)
              else exists (select from api.import i where i.id = e.import_id) end;
grant select on api.event to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
delete from data.event e where e.topic = 'case';
alter table data.event
    drop column case_id,
    drop constraint event_topic_check,
    add constraint event_topic_check check (topic in ('finding', 'import'));
