-- What people enter for the board: programmes' figures, spot checks, the stock of each district, and
-- the signatures under its days. All of it is only ever added to; a correction is a row of its own,
-- which counts from the day on which it was entered in the place of what it corrects.

create table data.programme_record (
    id bigint generated always as identity primary key,
    programme text not null check (length(programme) between 1 and 60),
    measure text not null check (length(measure) between 1 and 60),
    quantity numeric(16, 2) not null check (quantity >= 0),
    at_least boolean not null default false,
    day date not null,
    entered_day date not null,
    entered_at timestamptz not null,
    district_id bigint,
    org_id bigint,
    document_no text check (length(document_no) between 1 and 100),
    note text check (length(note) between 1 and 500),
    corrects bigint unique references data.programme_record,
    role text not null,
    person text,
    check (day <= entered_day)
);
comment on table data.programme_record is
    'Figures of campaign programmes as they were reported. `at_least`: told as "over"; `corrects`: the '
    'record in whose place this one counts from its own entered_day on.';
create index programme_record_of on data.programme_record (programme, measure, entered_day);

create table data.spot_check (
    id bigint generated always as identity primary key,
    day date not null,
    entered_day date not null,
    entered_at timestamptz not null,
    district_id bigint not null,
    org_id bigint,
    family text check (length(family) between 1 and 100),
    place_words text not null check (length(place_words) between 1 and 300),
    saw text not null check (saw in ('hazard', 'none', 'never_was')),
    case_id bigint,
    case_state text,
    outcome text not null check (outcome in ('agrees', 'missed', 'false')),
    note text check (length(note) between 1 and 500),
    role text not null,
    person text,
    check (day <= entered_day)
);
comment on table data.spot_check is
    'Unannounced visits 暗访 held against the ledger. `saw`: a hazard, none (any more), or that there '
    'never was one; `case_state`: how the ledger''s case stood when the visit was entered.';
create index spot_check_of on data.spot_check (entered_day);

create table data.stock_count (
    day date not null,
    district_id bigint not null,
    households bigint not null check (households >= 0),
    buildings bigint not null check (buildings >= 0),
    counted_at timestamptz not null,
    primary key (day, district_id)
);
comment on table data.stock_count is
    'What a district has, as counted on a day: rates are per this stock, on that day and after it.';

create table data.board_signature (
    day date primary key,
    signed_at timestamptz not null,
    role text not null,
    person text,
    hash bytea not null,
    audit_id bigint not null,
    document text not null,
    check (hash = sha256(convert_to(document, 'UTF8')))
);
comment on table data.board_signature is
    'The figures of a day as a supervisor signed them, word for word; the hash is in the audit, too.';

create trigger programme_record_stays before update or delete or truncate on data.programme_record
    for each statement execute function data.audit_stays();
create trigger spot_check_stays before update or delete or truncate on data.spot_check
    for each statement execute function data.audit_stays();
create trigger stock_count_stays before update or delete or truncate on data.stock_count
    for each statement execute function data.audit_stays();
create trigger board_signature_stays before update or delete or truncate on data.board_signature
    for each statement execute function data.audit_stays();

---------------------------------------------------------------------------- programmes
-- The records that count by the end of a day: not those that another one has corrected by then.
create function data.programme_standing(upto date) returns setof data.programme_record
    language sql stable as
$$
    select r.* from data.programme_record r
    where r.entered_day <= upto and not exists (
        select from data.programme_record c where c.corrects = r.id and c.entered_day <= upto)
$$;

create function api.programme_figures(upto date) returns table (
    programme text, measure text, quantity numeric, at_least boolean, records bigint, last_day date)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select s.programme, s.measure, sum(s.quantity), bool_or(s.at_least), count(*), max(s.day)
    from data.programme_standing(upto) s
    group by s.programme, s.measure order by 1, 2
$$;

create view api.programme_record as
    select r.id, r.programme, r.measure, r.quantity, r.at_least, r.day, r.entered_day, r.entered_at,
           r.district_id, d.name as district, r.org_id, o.name as organisation, r.document_no, r.note,
           r.corrects, r.role, r.person, c.id as corrected_by, c.entered_day as corrected_on
    from data.programme_record r
    left join data.programme_record c on c.corrects = r.id
    left join data.districts d on d.id = r.district_id
    left join data.organisations o on o.id = r.org_id;

-- Who enters figures does so for own districts; for the city as a whole who has all of them.
create function data.may_enter(district bigint) returns boolean
    language sql stable as
$$ select case when district is null then current_setting('gridwarden.districts', true) = '*'
               else api.my_district(district) and exists (
                   select from data.districts d where d.id = district) end $$;

-- Enter records at once; their numbers in the order in which they came. All of them or none.
create function api.add_programme_records(records jsonb) returns bigint[]
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    moment constant timestamptz := data.office_now();
    today constant date := data.reporting_day(moment);
    made bigint[];
begin
    if exists (select from jsonb_array_elements(records) r
               where not coalesce(data.may_enter((r ->> 'district')::bigint), false)) then
        raise exception 'board.not_your_district' using errcode = 'GW403';
    end if;
    if exists (select from jsonb_array_elements(records) r where (r ->> 'day')::date > today) then
        raise exception 'board.day_to_come' using errcode = 'GW400', column = 'day';
    end if;
    if exists (select from jsonb_array_elements(records) r
               left join data.programme_record old on old.id = (r ->> 'corrects')::bigint
               where r ->> 'corrects' is not null and (old.id is null
                   or old.programme <> r ->> 'programme' or old.measure <> r ->> 'measure'
                   or not coalesce(data.may_enter(old.district_id), false))) then
        raise exception 'board.no_such_record' using errcode = 'GW404';
    end if;
    if exists (select from jsonb_array_elements(records) r
               join data.programme_record c on c.corrects = (r ->> 'corrects')::bigint) then
        raise exception 'board.corrected_before' using errcode = 'GW409';
    end if;
    with added as (
        insert into data.programme_record (programme, measure, quantity, at_least, day, entered_day,
            entered_at, district_id, org_id, document_no, note, corrects, role, person)
        select r.value ->> 'programme', r.value ->> 'measure', (r.value ->> 'quantity')::numeric,
               coalesce((r.value ->> 'at_least')::boolean, false),
               coalesce((r.value ->> 'day')::date, today), today, moment,
               (r.value ->> 'district')::bigint, (r.value ->> 'organisation')::bigint,
               r.value ->> 'document_no', r.value ->> 'note', (r.value ->> 'corrects')::bigint,
               api.role(), api.person()
        from jsonb_array_elements(records) with ordinality r (value, place)
        order by r.place
        returning id
    )
    select array_agg(id order by id) into made from added;
    perform api.record('programme_records_entered', 'programmes',
        jsonb_build_object('first', made[1], 'last', made[cardinality(made)]), cardinality(made));
    return made;
end
$$;

---------------------------------------------------------------------------- spot checks
-- A hazard there that no case tells of was missed; one there that the ledger says is closed, or a
-- case of what never was, is false; all else agrees.
create function data.spot_outcome(saw text, state text) returns text
    language sql immutable as
$$
    select case when saw = 'hazard' and state is null then 'missed'
                when saw = 'hazard' and state in ('closed', 'looked_back', 'invalid') then 'false'
                when saw = 'never_was' and data.is_open(state) then 'false'
                else 'agrees' end
$$;

create view api.spot_check as
    select s.id, s.day, s.entered_day, s.entered_at, s.district_id, d.name as district, s.org_id,
           o.name as organisation, s.family, s.place_words, s.saw, s.case_id, s.case_state, s.outcome,
           s.note, s.role, s.person
    from data.spot_check s
    left join data.districts d on d.id = s.district_id
    left join data.organisations o on o.id = s.org_id
    where api.my_district(s.district_id);

-- Visits as they were told, with what the ledger says: its case decides where the visit was and whose
-- the place is. `district_id` is null where nothing tells it.
create function data.visits(checks jsonb) returns table (
    place bigint, told jsonb, day date, district_id bigint, org_id bigint, family text,
    case_id bigint, state text)
    language sql stable as
$$
    select r.place, r.value, (r.value ->> 'day')::date,
           coalesce(c.district_id, (r.value ->> 'district')::bigint),
           coalesce(c.org_id, (r.value ->> 'organisation')::bigint),
           coalesce(c.family, r.value ->> 'family'), (r.value ->> 'case')::bigint, c.to_state
    from jsonb_array_elements(checks) with ordinality r (value, place)
    left join lateral (select a.district_id, a.org_id, a.family, a.to_state
                       from data.hazard_act a where a.case_id = (r.value ->> 'case')::bigint
                       order by a.version desc limit 1) c on true
$$;

-- Enter visits at once; their numbers and outcomes in the order in which they came.
create function api.add_spot_checks(checks jsonb) returns table (id bigint, outcome text)
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    moment constant timestamptz := data.office_now();
    today constant date := data.reporting_day(moment);
begin
    if exists (select from data.visits(checks) v where v.day > today) then
        raise exception 'board.day_to_come' using errcode = 'GW400', column = 'day';
    end if;
    if exists (select from data.visits(checks) v where v.case_id is not null and v.state is null) then
        raise exception 'hazards.none' using errcode = 'GW404';
    end if;
    if exists (select from data.visits(checks) v
               where v.district_id is null or not coalesce(data.may_enter(v.district_id), false)) then
        raise exception 'board.not_your_district' using errcode = 'GW403';
    end if;
    perform api.record('spot_checks_entered', 'spot_checks', '{}', jsonb_array_length(checks));
    return query
        insert into data.spot_check as made (day, entered_day, entered_at, district_id, org_id, family,
            place_words, saw, case_id, case_state, outcome, note, role, person)
        select coalesce(v.day, today), today, moment, v.district_id, v.org_id, v.family,
               v.told ->> 'place_words', v.told ->> 'saw', v.case_id, v.state,
               data.spot_outcome(v.told ->> 'saw', v.state), v.told ->> 'note', api.role(),
               api.person()
        from data.visits(checks) v order by v.place
        returning made.id, made.outcome;
end
$$;

---------------------------------------------------------------------------- the stock of districts
-- Count households and buildings of each district, once a reporting day; whether it was done now.
-- A building counts where the middle of its surface lies, an estate likewise.
create function api.count_stock() returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    moment constant timestamptz := data.office_now();
    today constant date := data.reporting_day(moment);
begin
    if exists (select from data.stock_count s where s.day = today)
       or not exists (select from data.districts) then
        return false;
    end if;
    insert into data.stock_count (day, district_id, households, buildings, counted_at)
    select today, d.id,
           coalesce((select sum(e.households) from data.estates e
                     where e.geom && d.geom and st_intersects(d.geom, st_pointonsurface(e.geom))), 0),
           (select count(*) from data.buildings b
            where b.geom && d.geom and st_intersects(d.geom, st_pointonsurface(b.geom))),
           moment
    from data.districts d
    on conflict do nothing;
    return found;
end
$$;

---------------------------------------------------------------------------- signed days
-- Sign the figures of a day, whoever has all districts: once, and after its cut-off.
create function api.sign_board(on_day date, document text) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    moment constant timestamptz := data.office_now();
    told constant bytea := sha256(convert_to(document, 'UTF8'));
    written bigint;
begin
    if current_setting('gridwarden.districts', true) is distinct from '*' then
        raise exception 'board.sign_all' using errcode = 'GW403';
    end if;
    if on_day >= data.reporting_day(moment) then
        raise exception 'board.sign_later' using errcode = 'GW409';
    end if;
    written := api.record('board_signed', 'board/' || on_day,
        jsonb_build_object('sha256', encode(told, 'hex')));
    insert into data.board_signature (day, signed_at, role, person, hash, audit_id, document)
        values (on_day, moment, api.role(), api.person(), told, written, sign_board.document)
        on conflict (day) do nothing;
    if not found then
        raise exception 'board.signed_before' using errcode = 'GW409';
    end if;
    return api.board_signature(on_day) - 'document';
end
$$;

-- A day's signature with its figures; `intact`: they still have the hash that was signed, and so does
-- the audit for as long as it keeps that row here.
create function api.board_signature(on_day date) returns jsonb
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select jsonb_build_object('day', s.day, 'signed_at', s.signed_at, 'person', s.person,
        'role', s.role, 'sha256', encode(s.hash, 'hex'), 'document', s.document,
        'intact', s.hash = sha256(convert_to(s.document, 'UTF8')) and not exists (
            select from data.audit a where a.id = s.audit_id
               and a.detail ->> 'sha256' is distinct from encode(s.hash, 'hex')))
    from data.board_signature s where s.day = on_day
$$;

create view api.board_signed as
    select s.day, s.signed_at, s.person, s.role, encode(s.hash, 'hex') as sha256
    from data.board_signature s;

revoke all on function data.programme_standing(date), api.programme_figures(date),
    data.may_enter(bigint), api.add_programme_records(jsonb), data.spot_outcome(text, text),
    data.visits(jsonb), api.add_spot_checks(jsonb), api.count_stock(), api.sign_board(date, text),
    api.board_signature(date) from public;
grant execute on function api.programme_figures(date), api.board_signature(date)
    to gridwarden_supervisor, gridwarden_planner, gridwarden_inspector;
grant execute on function api.add_programme_records(jsonb), api.add_spot_checks(jsonb)
    to gridwarden_supervisor, gridwarden_inspector;
grant execute on function api.sign_board(date, text) to gridwarden_supervisor;
grant execute on function api.count_stock() to gridwarden_supervisor, gridwarden_screen;
grant select on api.programme_record, api.spot_check, api.board_signed
    to gridwarden_supervisor, gridwarden_planner, gridwarden_inspector;
