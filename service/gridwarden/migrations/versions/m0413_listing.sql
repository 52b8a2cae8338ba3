-- 挂牌督办: a case under listed supervision, from its number to its delisting.
--
-- Invariants (tests/hazards/test_listed.py): a listing is never erased, its delisting stands beside it;
-- who applies for the delisting does not check it; nothing is delisted whose case is not closed.
create table data.listing (
    id bigint generated always as identity primary key,
    version integer not null default 1,
    list_no text not null unique check (length(btrim(list_no)) between 1 and 60),
    case_id bigint not null references data.hazard_case,
    level text not null check (level in ('county', 'city', 'province', 'state')),
    supervisor text not null check (length(btrim(supervisor)) between 1 and 80),
    why text not null check (length(btrim(why)) between 1 and 1000),
    deadline date not null,
    progress_days integer not null check (progress_days between 1 and 400),
    decision_due date not null,
    escalate_on date not null,
    listed_at timestamptz not null,
    listed_day date not null,
    entered_day date not null,
    listed_by text,
    decision text check (decision in ('stop', 'stop_in_part', 'no_stop')),
    decided_day date,
    escalated_day date,
    last_progress date,
    applied_by text,
    applied_day date,
    delisted_at timestamptz,
    delisted_day date,
    delisted_entered_day date,
    delisted_by text
);
comment on table data.listing is
    'One listing of a case; a second one may follow its delisting. Days count as in data.hazard_act: '
    '`…_day` is the day it counts on, `entered_day` the day it was typed.';
create unique index listing_open on data.listing (case_id) where delisted_at is null;
create index listing_case on data.listing (case_id);
create trigger listing_stays before delete or truncate on data.listing
    for each statement execute function data.audit_stays();

create table data.listing_step (
    id bigint generated always as identity primary key,
    listing_id bigint not null references data.listing,
    version integer not null,
    step text not null check (step in ('listed', 'progress', 'decision', 'escalated', 'applied',
        'check_failed', 'delisted')),
    words text not null check (length(words) <= 2000),
    said jsonb not null default '{}',
    person text,
    role text not null,
    orgs bigint[] not null,
    at timestamptz not null,
    day date not null,
    entered_day date not null,
    unique (listing_id, version),
    check (day <= entered_day)
);
create trigger listing_step_stays before update or delete or truncate on data.listing_step
    for each statement execute function data.audit_stays();

-- The reporting day that it is now, for who reads.
create function api.city_today() returns date
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select data.reporting_day(data.office_now()) $$;

create view api.listing as
    select l.id, l.version, l.list_no, l.case_id, c.hazard_no, c.state, c.grade, c.family, c.category,
           c.district_id, c.org_id, l.level, l.supervisor, l.why, l.deadline, l.progress_days,
           l.decision_due, l.escalate_on, l.listed_day, l.entered_day, l.listed_by, l.decision,
           l.decided_day, l.escalated_day, l.last_progress, l.applied_by, l.applied_day,
           l.delisted_day, l.delisted_entered_day, l.delisted_by,
           case when l.delisted_at is null then coalesce(l.last_progress, l.listed_day) + l.progress_days
               end as progress_due,
           l.delisted_at is null and l.deadline < t.day as past_deadline,
           l.delisted_at is null and l.decision is null and l.decision_due < t.day as decision_late,
           l.delisted_at is null
               and coalesce(l.last_progress, l.listed_day) + l.progress_days < t.day as progress_late,
           l.delisted_at is null and l.escalated_day is null and l.escalate_on <= t.day as goes_higher
    from data.listing l
    join api.hazard_case c on c.id = l.case_id
    cross join (select api.city_today() as day) t;

create view api.listing_step as
    select s.id, s.listing_id, s.version, s.step, s.words, s.said, s.person,
           replace(s.role, 'gridwarden_', '') as role, s.at, s.day, s.entered_day
    from data.listing_step s join api.listing l on l.id = s.listing_id;

-- The day a step counts on: today, or an earlier one that a supervisor says (补录).
create function data.listing_day(said jsonb, since date) returns date
    language plpgsql stable set search_path = pg_catalog, pg_temp as
$$
declare
    today constant date := data.reporting_day(data.office_now());
    told date;
begin
    if said ->> 'happened_on' is null then
        return today;
    elsif said ->> 'happened_on' !~ '^\d{4}-\d{2}-\d{2}$' then
        perform data.refuse('GW400', 'listed.bad_day', '{"column": "happened_on"}');
    end if;
    told := (said ->> 'happened_on')::date;
    if told > today or told < since or api.role() <> 'supervisor' then
        perform data.refuse('GW400', 'listed.bad_day', '{"column": "happened_on"}');
    end if;
    return told;
end
$$;

create function data.write_listing_step(listing bigint, version integer, step text, said jsonb, day date)
    returns void
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
declare
    moment constant timestamptz := data.office_now();
begin
    insert into data.listing_step (listing_id, version, step, words, said, person, role, orgs, at, day,
            entered_day)
        values (listing, write_listing_step.version, write_listing_step.step,
            coalesce(btrim(said ->> 'words'), ''), said - 'words', api.person(),
            coalesce(current_setting('role'), 'owner'), coalesce(api.my_orgs(), '{}'), moment,
            write_listing_step.day, data.reporting_day(moment));
    perform api.record('listing_' || step, 'listings/' || listing, jsonb_build_object('version', version));
end
$$;

-- Put a case under listed supervision; the listing's number. Days are those of the office's table.
create function api.list_case(case_id bigint, said jsonb) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    c api.hazard_case;
    days constant jsonb := (data.deadlines_now()).listing;
    moment constant timestamptz := data.office_now();
    on_day date;
    made bigint;
begin
    select v.* into c from api.hazard_case v where v.id = list_case.case_id;
    if c.id is null then
        perform data.refuse('GW404', 'hazards.none');
    elsif c.state in ('found', 'closed', 'looked_back', 'invalid') then
        perform data.refuse('GW409', 'listed.not_open', jsonb_build_object('state', c.state));
    end if;
    on_day := data.listing_day(said, data.city_day(c.found_at));
    if (said ->> 'deadline')::date <= on_day then
        perform data.refuse('GW400', 'listed.bad_day', '{"column": "deadline"}');
    end if;
    insert into data.listing (list_no, case_id, level, supervisor, why, deadline, progress_days,
            decision_due, escalate_on, listed_at, listed_day, entered_day, listed_by)
        values (btrim(said ->> 'list_no'), c.id, said ->> 'level', btrim(said ->> 'supervisor'),
            btrim(said ->> 'why'), (said ->> 'deadline')::date,
            coalesce((said ->> 'progress_days')::integer, (days ->> 'progress_days')::integer),
            on_day + (days ->> 'decision_days')::integer, on_day + (days ->> 'escalate_days')::integer,
            moment, on_day, data.reporting_day(moment), api.person())
        on conflict do nothing returning id into made;
    if made is null then
        perform data.refuse('GW409', case when exists (
                select from data.listing l where l.case_id = c.id and l.delisted_at is null)
            then 'listed.listed_already' else 'listed.number_taken' end);
    end if;
    perform data.write_listing_step(made, 1, 'listed',
        jsonb_build_object('words', said ->> 'why', 'level', said ->> 'level'), on_day);
    return made;
end
$$;

-- One step of a listing. `expected`: the version that the caller read. Gives the new version.
create function api.step_listing(listing bigint, expected integer[], step text, said jsonb) returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
    set lock_timeout = '5s' as
$$
declare
    l data.listing;
    c api.hazard_case;
    on_day date;
    today constant date := data.reporting_day(data.office_now());
    asker constant text := api.role();
begin
    select x.* into l from data.listing x where x.id = listing for update;
    select v.* into c from api.hazard_case v where v.id = l.case_id;
    if c.id is null then
        perform data.refuse('GW404', 'listed.none');
    elsif expected is not null and l.version <> all (expected) then
        perform data.refuse('GW412', 'listed.stale', jsonb_build_object('version', l.version));
    elsif l.delisted_at is not null then
        perform data.refuse('GW409', 'listed.delisted');
    elsif not (asker = 'supervisor'
               or asker = 'inspector' and step in ('progress', 'check_failed', 'delisted')
               or asker in ('utility', 'contractor', 'warden') and step in ('progress', 'applied')) then
        perform data.refuse('GW403', 'listed.not_for_you', jsonb_build_object('step', step));
    elsif coalesce(btrim(said ->> 'words'), '') = '' then
        perform data.refuse('GW400', 'listed.words', '{"column": "words"}');
    end if;
    on_day := data.listing_day(said, l.listed_day);
    case step
        when 'progress' then
            l.last_progress := greatest(on_day, l.last_progress);
        when 'decision' then
            if l.decision is not null then
                perform data.refuse('GW409', 'listed.decided', jsonb_build_object('decision', l.decision));
            elsif coalesce(said ->> 'decision', '') not in ('stop', 'stop_in_part', 'no_stop') then
                perform data.refuse('GW400', 'listed.bad_decision', '{"column": "decision"}');
            end if;
            l.decision := said ->> 'decision';
            l.decided_day := on_day;
        when 'escalated' then
            if l.level = 'state' or l.escalated_day is not null then
                perform data.refuse('GW409', 'listed.highest');
            end if;
            l.level := case l.level when 'county' then 'city' when 'city' then 'province' else 'state' end;
            l.escalated_day := on_day;
        when 'applied' then
            if c.state not in ('closed', 'looked_back') then
                perform data.refuse('GW409', 'listed.case_open', jsonb_build_object('state', c.state));
            end if;
            l.applied_by := api.person();
            l.applied_day := on_day;
        when 'check_failed', 'delisted' then
            if l.applied_day is null then
                perform data.refuse('GW409', 'listed.not_applied');
            elsif api.same_person(l.applied_by, api.person()) then
                perform data.refuse('GW403', 'listed.same_person');
            elsif step = 'check_failed' then
                l.applied_by := null;
                l.applied_day := null;
            elsif c.state not in ('closed', 'looked_back') then
                perform data.refuse('GW409', 'listed.case_open', jsonb_build_object('state', c.state));
            else
                l.delisted_at := data.office_now();
                l.delisted_day := on_day;
                l.delisted_entered_day := today;
                l.delisted_by := api.person();
            end if;
        else
            perform data.refuse('GW400', 'listed.no_such_step', jsonb_build_object('step', step));
    end case;
    l.version := l.version + 1;
    update data.listing x set version = l.version, level = l.level, decision = l.decision,
        decided_day = l.decided_day, escalated_day = l.escalated_day, last_progress = l.last_progress,
        applied_by = l.applied_by, applied_day = l.applied_day, delisted_at = l.delisted_at,
        delisted_day = l.delisted_day, delisted_entered_day = l.delisted_entered_day,
        delisted_by = l.delisted_by where x.id = l.id;
    perform data.write_listing_step(l.id, l.version, step, said, on_day);
    return l.version;
end
$$;

revoke all on function api.city_today(), data.listing_day(jsonb, date),
    data.write_listing_step(bigint, integer, text, jsonb, date), api.list_case(bigint, jsonb),
    api.step_listing(bigint, integer[], text, jsonb) from public;
grant select on api.listing, api.listing_step to gridwarden_utility, gridwarden_supervisor,
    gridwarden_planner, gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
grant execute on function api.city_today() to gridwarden_utility, gridwarden_supervisor,
    gridwarden_planner, gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
grant execute on function api.list_case(bigint, jsonb) to gridwarden_supervisor;
grant execute on function api.step_listing(bigint, integer[], text, jsonb) to gridwarden_utility,
    gridwarden_supervisor, gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
