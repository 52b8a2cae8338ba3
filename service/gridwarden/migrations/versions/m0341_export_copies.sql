---------------------------------------------------------------------------- two persons, numbered copies
create table data.export_request (
    id bigint generated always as identity primary key,
    layer text not null,
    part text not null,
    why text not null check (length(btrim(why)) between 8 and 500),
    km numeric not null,
    role text not null,
    person text not null,
    key_by text,
    org_ids bigint[] not null,
    districts text not null,
    asked_at timestamptz not null default clock_timestamp(),
    state text not null default 'waiting' check (state in ('waiting', 'approved', 'rejected')),
    decided_role text,
    decided_by text,
    decided_key_by text,
    decided_at timestamptz,
    decided_why text,
    until timestamptz,
    check ((state = 'waiting') = (decided_at is null))
);
comment on table data.export_request is
    'Bulk exports of exact mains that wait for a second person, and what became of them. `part` is '
    'the box that was asked for, empty for all that its asker sees.';

create table data.export_copy (
    number bigint generated always as identity primary key,
    made_at timestamptz not null default clock_timestamp(),
    role text not null,
    person text not null,
    layer text not null,
    format text not null,
    crs text not null,
    km numeric not null,
    why text not null,
    request_id bigint references data.export_request
);
comment on table data.export_copy is
    'Every numbered copy of exact mains that was handed out; its number is in the file, and hidden '
    'in its vertices.';
create trigger export_copy_stays before update or delete or truncate on data.export_copy
    for each statement execute function data.audit_stays();
create trigger export_request_stays before delete or truncate on data.export_request
    for each statement execute function data.audit_stays();

create function api.ask_export(layer text, part text, km numeric, why text) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    made bigint;
begin
    insert into data.export_request (layer, part, why, km, role, person, key_by, org_ids, districts)
    values (ask_export.layer, ask_export.part, btrim(ask_export.why), ask_export.km,
        current_setting('role'), api.person(), api.made_by(), coalesce(api.my_orgs(), '{}'),
        coalesce(current_setting('gridwarden.districts', true), ''))
    returning id into made;
    perform api.record('export_proposed', ask_export.layer,
        jsonb_build_object('request', made, 'km', round(km, 1), 'why', btrim(why)));
    return made;
end
$$;

-- Whose it is to see: its asker, and whoever could approve it: of the same company, or a bureau.
create view api.export_request as
    select r.id, r.layer, r.part, r.why, r.km, replace(r.role, 'gridwarden_', '') as role, r.person,
           r.asked_at, r.state, r.decided_by, r.decided_at, r.decided_why, r.until,
           r.state = 'waiting' and not api.one_hand(r.person, r.key_by, api.person(), api.made_by())
               as mine_to_decide,
           r.role = current_setting('role') and api.same_person(r.person, api.person()) as mine
    from data.export_request r
    where current_setting('role') = 'gridwarden_supervisor'
       or current_setting('role') = 'gridwarden_utility' and r.role = 'gridwarden_utility'
          and r.org_ids <> '{}' and api.my_orgs() @> r.org_ids;

create function api.decide_export(request bigint, approve boolean, why text, hours integer)
    returns text
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    r data.export_request;
begin
    select q.* into r from data.export_request q where q.id = request
        and q.id in (select v.id from api.export_request v) for update;
    if r.id is null then
        return 'none';
    elsif r.state <> 'waiting' then
        return 'decided';
    elsif approve and api.one_hand(r.person, r.key_by, api.person(), api.made_by()) then
        return 'one_hand';
    end if;
    update data.export_request q
        set state = case when approve then 'approved' else 'rejected' end,
            decided_role = current_setting('role'), decided_by = api.person(),
            decided_key_by = api.made_by(), decided_at = clock_timestamp(),
            decided_why = left(coalesce(btrim(decide_export.why), ''), 500),
            until = case when approve then clock_timestamp()
                         + make_interval(hours => least(greatest(decide_export.hours, 1), 168)) end
        where q.id = r.id;
    perform api.record(case when approve then 'export_approved' else 'export_rejected' end, r.layer,
        jsonb_build_object('request', r.id, 'asked_by', r.person, 'km', round(r.km, 1)));
    return case when approve then 'approved' else 'rejected' end;
end
$$;

-- The number of a new copy; a word where there is none: 'why', 'second', 'other' (not the part, the
-- person or the length that was approved), 'over' (its hours have passed).
create function api.begin_copy(layer text, part text, format text, crs text, km numeric, why text,
    second_from_km numeric, request bigint) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    r data.export_request;
    made bigint;
begin
    if km > second_from_km then
        if request is null then
            return jsonb_build_object('refused', 'second');
        end if;
        select q.* into r from data.export_request q where q.id = request;
        if r.id is null or r.state <> 'approved' or r.layer <> begin_copy.layer
           or r.part <> begin_copy.part or r.role <> current_setting('role')
           or r.person is distinct from api.person() or begin_copy.km > r.km * 1.05
           or r.org_ids <> coalesce(api.my_orgs(), '{}')
           or r.districts <> coalesce(current_setting('gridwarden.districts', true), '') then
            return jsonb_build_object('refused', 'other');
        elsif r.until < clock_timestamp() then
            return jsonb_build_object('refused', 'over');
        end if;
        why := r.why;
    end if;
    if length(btrim(coalesce(why, ''))) < 8 then
        return jsonb_build_object('refused', 'why');
    end if;
    insert into data.export_copy (role, person, layer, format, crs, km, why, request_id)
    values (current_setting('role'), coalesce(api.person(), session_user), begin_copy.layer,
        begin_copy.format, begin_copy.crs, begin_copy.km, left(btrim(begin_copy.why), 500), r.id)
    returning number into made;
    perform api.record('copy_made', begin_copy.layer, jsonb_strip_nulls(jsonb_build_object('copy', made,
        'format', format, 'km', round(km, 1), 'why', left(btrim(begin_copy.why), 500),
        'request', r.id, 'approved_by', r.decided_by)));
    return jsonb_build_object('copy', made, 'why', left(btrim(begin_copy.why), 500));
end
$$;

-- Every copy that was handed out, for who traces one that was found.
create view api.export_copy as
    select c.number, c.made_at, replace(c.role, 'gridwarden_', '') as role, c.person, c.layer,
           c.format, c.crs, c.km, c.why, c.request_id
    from data.export_copy c
    where current_setting('role') in ('gridwarden_supervisor', 'gridwarden_auditor');

revoke all on function api.ask_export(text, text, numeric, text),
    api.decide_export(bigint, boolean, text, integer),
    api.begin_copy(text, text, text, text, numeric, text, numeric, bigint) from public;
grant execute on function api.ask_export(text, text, numeric, text),
    api.decide_export(bigint, boolean, text, integer),
    api.begin_copy(text, text, text, text, numeric, text, numeric, bigint) to
    gridwarden_utility, gridwarden_supervisor;
grant select on api.export_request to gridwarden_utility, gridwarden_supervisor;
grant select on api.export_copy to gridwarden_supervisor, gridwarden_auditor;
