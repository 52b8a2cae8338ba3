drop trigger hold_site on data.construction_sites;
create or replace function data.hold_stage() returns trigger
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    held record;
    used bigint;
begin
    for held in
        select w.case_id, w.work, coalesce(c.hazard_no, c.id::text) as called
        from data.critical_work w join data.hazard_case c on c.id = w.case_id
        where w.site_id = old.id and c.state not in ('closed', 'looked_back', 'invalid')
        order by c.found_at, c.id
    loop
        update data.stage_override o set used_at = data.office_now()
            where o.id = (select x.id from data.stage_override x
                          where x.site_id = old.id and x.case_id = held.case_id and x.used_at is null
                            and x.to_stage = new.stage and x.until > data.office_now()
                          order by x.id limit 1)
            returning id into used;
        if used is null then
            perform data.refuse('GW409', 'stop_work.held', jsonb_build_object('case', held.called,
                'number', held.case_id, 'site', coalesce(old.name, old.code, old.id::text),
                'work', held.work, 'stage', coalesce(old.stage, '–')));
        end if;
        perform api.record('stage_advanced', 'construction_sites/' || old.id, jsonb_build_object(
            'case', held.called, 'override', used, 'from', old.stage, 'to', new.stage));
    end loop;
    return new;
end
$$;
select data.patch('api.decide_pairs(bigint, jsonb)', jsonb_build_array(
    jsonb_build_array($w$                and r.standing in ('confirmed', 'registered'))
       or exists (select from jsonb_to_recordset(said) s ("row" integer, "case" bigint, same boolean)
                  join jsonb_to_recordset(said) o ("row" integer, "case" bigint, same boolean)
                       on s.same and o.same and (s."row" = o."row") <> (s."case" = o."case")) then$w$,
$w$                and r.standing in ('confirmed', 'registered')) then$w$)));
select data.patch('api.undo_bulk(uuid, boolean, boolean)', jsonb_build_array(
    jsonb_build_array($w$                              from api.hazard_act a where a.case_id = one.case_id$w$,
$w$                              from data.hazard_act a where a.case_id = one.case_id$w$)));
select data.patch('api.bulk_act(text, jsonb, boolean, boolean, jsonb)', jsonb_build_array(
    jsonb_build_array($w$                    detail = pg_exception_detail, constrained = constraint_name,
                    columned = column_name;
                if code in ('23502', '23514') or code like '22%' then
                    code := 'GW400';
                    message := 'hazards.bad_value';
                    detail := jsonb_build_object('column', coalesce(nullif(constrained, ''),
                        nullif(columned, ''), 'set'));
                elsif code not like 'GW4%' then$w$,
$w$                    detail = pg_exception_detail;
                if code not like 'GW4%' then$w$),
    jsonb_build_array($w$    detail text;
    constrained text;
    columned text;
    applied$w$,
$w$    detail text;
    applied$w$)));
select data.patch('data.next_letter(integer, double precision)', jsonb_build_array(
    jsonb_build_array($w$    update data.notice n set gave_up = true
        from data.notice_address d, access.account a, data.hazard_case c
        where n.sent_at is null and not n.gave_up and n.next_at <= clock_timestamp()
          and d.account_id = n.account_id and a.id = n.account_id and c.id = n.case_id
          and not data.account_sees(a, c);
    select a.id, a.full_name, a.language, a.role, d.address into who$w$,
$w$    select a.id, a.full_name, a.language, a.role, d.address into who$w$)));
select data.patch('data.told_of(data.hazard_case, text[])', jsonb_build_array(
    jsonb_build_array($w$               and data.account_sees(a, c))$w$,
$w$               and (a.role <> 'warden' or not c.main))$w$)));
select data.patch('api.add_spot_checks(jsonb)', jsonb_build_array(
    jsonb_build_array($w$where v.case_id is not null and not exists (
                   select from api.hazard_case h where h.id = v.case_id)) then$w$,
$w$where v.case_id is not null and v.state is null) then$w$)));
select data.patch('api.report_case(jsonb)', jsonb_build_array(
    jsonb_build_array($w$        values (b.id, 1, 'find', '', b.state, moment, data.reporting_day(case
                when api.role() in ('supervisor', 'inspector') then b.found_at else moment end),
            data.reporting_day(moment),$w$,
$w$        values (b.id, 1, 'find', '', b.state, moment, data.reporting_day(moment),
            data.reporting_day(moment),$w$),
    jsonb_build_array($w$        perform pg_advisory_xact_lock(hashtext('gridwarden case of '
            || concat_ws(' ', c.family, c.layer, c.subject_id)));
        select h.* into b from data.hazard_case h
            where h.family = c.family and h.layer = c.layer$w$,
$w$        select h.* into b from data.hazard_case h
            where h.family = c.family and h.layer = c.layer$w$)));
select data.patch('data.follow_evidence(timestamptz)', jsonb_build_array(
    jsonb_build_array($w$      and (c.standing, c.certainty, c.distance_band, c.main, c.main_orgs) is distinct from
          (true, n.certainty,$w$,
$w$      and (c.certainty, c.distance_band, c.main, c.main_orgs) is distinct from
          (n.certainty,$w$),
    jsonb_build_array($w$    set standing = true, certainty = n.certainty,$w$,
$w$    set certainty = n.certainty,$w$)));
select data.patch('data.set_by_act(data.hazard_case, data.hazard_transition, jsonb)', jsonb_build_array(
    jsonb_build_array($w$(select from api.hazard_case v where v.id = c.duplicate_of
                                               and v.state <> 'invalid')) then$w$,
$w$(select from api.hazard_case v where v.id = c.duplicate_of)) then$w$)));
select data.patch('data.moved_case(data.hazard_case, data.hazard_case, data.hazard_transition, date, timestamptz)', jsonb_build_array(
    jsonb_build_array($w$    -- when it happened: now, or at the cut-off of the day that it is entered for
    happened constant timestamptz := least(moment, data.city_moment(on_day,
        coalesce((data.deadlines_now()).cut_off, '17:00')));$w$,
$w$    -- when it happened: now, or at the end of the day that it is entered for
    happened constant timestamptz := least(moment, data.city_moment(on_day, '23:59:59'));$w$)));
select data.patch('data.legal_act(data.hazard_case, integer[], text, jsonb)', jsonb_build_array(
    jsonb_build_array($w$case when doer.id is not null and api.same_person(doer.person, api.person()) then$w$,
$w$case when doer.person = api.person() then$w$),
    jsonb_build_array($w$        doer := data.hand_in(c, t.apart_from);
$w$,
$w$        select a.* into doer from data.hazard_act a
        where a.case_id = c.id and a.act = any (t.apart_from)
          and a.version > coalesce((select max(b.version) from data.hazard_act b
                                    where b.case_id = c.id and b.act = 'assign'), 0)
          and (a.person = api.person() or a.by_orgs && api.my_orgs())
        order by a.version desc limit 1;
$w$)));
drop function data.account_sees(access.account, data.hazard_case);
drop function api.barred_acts(bigint);
drop function data.hand_in(data.hazard_case, text[]);
