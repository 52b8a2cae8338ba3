-- The ledger's functions where they let through, or told, what they should not.

---------------------------------------------------------------------------- who rectifies does not verify
-- What the caller, or somebody of the caller's organisations, did of these acts to a case since it was
-- last assigned; nobody is somebody else by another spelling, or at another door (api.same_person).
create function data.hand_in(c data.hazard_case, acts text[]) returns data.hazard_act
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select a.* from data.hazard_act a
    where a.case_id = c.id and a.act = any (acts)
      and a.version > coalesce((select max(b.version) from data.hazard_act b
                                where b.case_id = c.id and b.act = 'assign'), 0)
      and (api.same_person(a.person, api.person()) or a.by_orgs && api.my_orgs())
    order by a.version desc limit 1
$$;

select data.patch('data.legal_act(data.hazard_case, integer[], text, jsonb)', jsonb_build_array(
    jsonb_build_array($w$        select a.* into doer from data.hazard_act a
        where a.case_id = c.id and a.act = any (t.apart_from)
          and a.version > coalesce((select max(b.version) from data.hazard_act b
                                    where b.case_id = c.id and b.act = 'assign'), 0)
          and (a.person = api.person() or a.by_orgs && api.my_orgs())
        order by a.version desc limit 1;
$w$,
$w$        doer := data.hand_in(c, t.apart_from);
$w$),
    jsonb_build_array($w$case when doer.person = api.person() then$w$,
$w$case when doer.id is not null and api.same_person(doer.person, api.person()) then$w$)));

-- The acts that a case's reader may not do because of what they did, for its page.
create function api.barred_acts(case_id bigint) returns text[]
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select coalesce(array_agg(t.act order by t.act), '{}')
    from data.hazard_case c
    join data.hazard_transition t on t.state = c.state and cardinality(t.apart_from) > 0
    where c.id = barred_acts.case_id and exists (select from api.hazard_case v where v.id = c.id)
      and (api.my_org(c.org_id) or (data.hand_in(c, t.apart_from)).id is not null)
$$;

---------------------------------------------------------------------------- days, duplicates, coming back
-- What is entered for an earlier day happened by its cut-off: a moment after it is of the next day, and
-- its deadline would be a day late. A case that was struck off stands for no other one.
select data.patch('data.moved_case(data.hazard_case, data.hazard_case, data.hazard_transition, date, timestamptz)',
    jsonb_build_array(jsonb_build_array(
$w$    -- when it happened: now, or at the end of the day that it is entered for
    happened constant timestamptz := least(moment, data.city_moment(on_day, '23:59:59'));$w$,
$w$    -- when it happened: now, or at the cut-off of the day that it is entered for
    happened constant timestamptz := least(moment, data.city_moment(on_day,
        coalesce((data.deadlines_now()).cut_off, '17:00')));$w$)));
select data.patch('data.set_by_act(data.hazard_case, data.hazard_transition, jsonb)',
    jsonb_build_array(jsonb_build_array(
$w$(select from api.hazard_case v where v.id = c.duplicate_of)) then$w$,
$w$(select from api.hazard_case v where v.id = c.duplicate_of
                                               and v.state <> 'invalid')) then$w$)));

-- A finding stands again whatever the state of its case: when it ends once more, that is verified, too.
select data.patch('data.follow_evidence(timestamptz)', jsonb_build_array(
    jsonb_build_array($w$    set certainty = n.certainty,$w$, $w$    set standing = true, certainty = n.certainty,$w$),
    jsonb_build_array($w$      and (c.certainty, c.distance_band, c.main, c.main_orgs) is distinct from
          (n.certainty,$w$,
$w$      and (c.standing, c.certainty, c.distance_band, c.main, c.main_orgs) is distinct from
          (true, n.certainty,$w$)));

---------------------------------------------------------------------------- reports
-- Two people who report the same thing at once wait for each other. What an office enters of an earlier
-- day was found on it, so that it can be registered for it (补录).
select data.patch('api.report_case(jsonb)', jsonb_build_array(
    jsonb_build_array($w$        select h.* into b from data.hazard_case h
            where h.family = c.family and h.layer = c.layer$w$,
$w$        perform pg_advisory_xact_lock(hashtext('gridwarden case of '
            || concat_ws(' ', c.family, c.layer, c.subject_id)));
        select h.* into b from data.hazard_case h
            where h.family = c.family and h.layer = c.layer$w$),
    jsonb_build_array($w$        values (b.id, 1, 'find', '', b.state, moment, data.reporting_day(moment),
            data.reporting_day(moment),$w$,
$w$        values (b.id, 1, 'find', '', b.state, moment, data.reporting_day(case
                when api.role() in ('supervisor', 'inspector') then b.found_at else moment end),
            data.reporting_day(moment),$w$)));
-- A visit to a case that the visitor does not see is one to a case that is not there.
select data.patch('api.add_spot_checks(jsonb)', jsonb_build_array(jsonb_build_array(
$w$where v.case_id is not null and v.state is null) then$w$,
$w$where v.case_id is not null and not exists (
                   select from api.hazard_case h where h.id = v.case_id)) then$w$)));

---------------------------------------------------------------------------- letters
-- As api.hazard_case shows cases to an account's keys.
create function data.account_sees(a access.account, c data.hazard_case) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select coalesce(case
        when a.role = 'warden' then not c.main and c.layer is distinct from 'gas_pipelines'
            and c.grid_id = any (a.grid_ids)
        when a.role = 'contractor' then c.org_id = any (a.org_ids)
        when a.role = 'utility' then c.org_id = any (a.org_ids) or c.main_orgs && a.org_ids
        when a.role in ('supervisor', 'inspector', 'planner') then a.all_districts
            or c.district_id = any (a.district_ids) end, false)
$$;
-- Who reported a case is told of it while they see it; what has left somebody's sight before its letter
-- went out is not told any more.
select data.patch('data.told_of(data.hazard_case, text[])', jsonb_build_array(jsonb_build_array(
$w$               and (a.role <> 'warden' or not c.main))$w$,
$w$               and data.account_sees(a, c))$w$)));
select data.patch('data.next_letter(integer, double precision)', jsonb_build_array(jsonb_build_array(
$w$    select a.id, a.full_name, a.language, a.role, d.address into who$w$,
$w$    update data.notice n set gave_up = true
        from data.notice_address d, access.account a, data.hazard_case c
        where n.sent_at is null and not n.gave_up and n.next_at <= clock_timestamp()
          and d.account_id = n.account_id and a.id = n.account_id and c.id = n.case_id
          and not data.account_sees(a, c);
    select a.id, a.full_name, a.language, a.role, d.address into who$w$)));

---------------------------------------------------------------------------- bulk work, lists
-- A value that a column does not take is the fault of its row, not of the whole sheet.
select data.patch('api.bulk_act(text, jsonb, boolean, boolean, jsonb)', jsonb_build_array(
    jsonb_build_array($w$    detail text;
    applied$w$,
$w$    detail text;
    constrained text;
    columned text;
    applied$w$),
    jsonb_build_array($w$                    detail = pg_exception_detail;
                if code not like 'GW4%' then$w$,
$w$                    detail = pg_exception_detail, constrained = constraint_name,
                    columned = column_name;
                if code in ('23502', '23514') or code like '22%' then
                    code := 'GW400';
                    message := 'hazards.bad_value';
                    detail := jsonb_build_object('column', coalesce(nullif(constrained, ''),
                        nullif(columned, ''), 'set'));
                elsif code not like 'GW4%' then$w$)));
-- Who has gone on with a case since is told to who sees it.
select data.patch('api.undo_bulk(uuid, boolean, boolean)', jsonb_build_array(jsonb_build_array(
$w$                              from data.hazard_act a where a.case_id = one.case_id$w$,
$w$                              from api.hazard_act a where a.case_id = one.case_id$w$)));
select data.patch('api.decide_pairs(bigint, jsonb)', jsonb_build_array(jsonb_build_array(
$w$                and r.standing in ('confirmed', 'registered')) then$w$,
$w$                and r.standing in ('confirmed', 'registered'))
       or exists (select from jsonb_to_recordset(said) s ("row" integer, "case" bigint, same boolean)
                  join jsonb_to_recordset(said) o ("row" integer, "case" bigint, same boolean)
                       on s.same and o.same and (s."row" = o."row") <> (s."case" = o."case")) then$w$)));

---------------------------------------------------------------------------- a held site stays
create or replace function data.hold_stage() returns trigger
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    held record;
    used bigint;
    next_stage constant text := case when tg_op = 'UPDATE' then new.stage end;
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
                            and x.to_stage = next_stage and x.until > data.office_now()
                          order by x.id limit 1)
            returning id into used;
        if used is null then
            perform data.refuse('GW409', 'stop_work.held', jsonb_build_object('case', held.called,
                'number', held.case_id, 'site', coalesce(old.name, old.code, old.id::text),
                'work', held.work, 'stage', coalesce(old.stage, '–')));
        end if;
        perform api.record('stage_advanced', 'construction_sites/' || old.id, jsonb_build_object(
            'case', held.called, 'override', used, 'from', old.stage, 'to', next_stage));
    end loop;
    if tg_op = 'UPDATE' then
        return new;
    end if;
    return old;
end
$$;
-- Taken away and put back at another stage it would have gone on.
create trigger hold_site before delete on data.construction_sites
    for each row execute function data.hold_stage();

revoke all on function data.hand_in(data.hazard_case, text[]), api.barred_acts(bigint),
    data.account_sees(access.account, data.hazard_case) from public;
grant execute on function api.barred_acts(bigint) to gridwarden_utility, gridwarden_supervisor,
    gridwarden_planner, gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
