-- Who is told what of a case. A notice is written by the transaction that is its cause, once for each
-- person; letters are sent of it later, and tried again. What nobody did (a day that comes near or
-- passes) is written by the worker, once for each due moment and level.
--
-- Invariants (tests/hazards/test_notices.py): nobody is told of a case that they may not see; a letter
-- holds no place; who did it is not told of it; the same is never told twice.
create table data.notice_rule (
    kind text primary key check (kind ~ '^[a-z_]{1,40}$'),
    acts text[] not null,
    tells text[] not null check (tells <@ '{responsible,warden,supervising,inspector,leader,finder}'),
    next text not null
);
comment on table data.notice_rule is
    'notices.toml, row by row: which acts are told to whom. `due_soon` and `overdue` have no act.';

create table data.notice_address (
    account_id bigint primary key references access.account on delete cascade,
    address text not null check (length(address) <= 254
        and address ~ '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$'),
    at timestamptz not null default clock_timestamp()
);
comment on table data.notice_address is 'Where a person''s letters go; each sets their own.';

create table data.notice (
    id bigint generated always as identity primary key,
    account_id bigint not null references access.account on delete cascade,
    case_id bigint not null references data.hazard_case,
    kind text not null,
    once text not null,
    act_id bigint,
    level integer not null default 0,
    due_at timestamptz,
    at timestamptz not null,
    seen_at timestamptz,
    attempts integer not null default 0,
    next_at timestamptz not null default clock_timestamp(),
    sent_at timestamptz,
    gave_up boolean not null default false,
    error text,
    unique (account_id, once)
);
comment on table data.notice is
    '`once`: what is told, so that it is told once: an act, or a due moment and its level. `error`: '
    'what the mail server said last.';
create index notice_waiting on data.notice (account_id, id) where sent_at is null and not gave_up;
create index notice_of on data.notice (account_id, id desc);

-- Which accounts a case is told to, in the part that each has in it. One that is tied to mains is told
-- to nobody whose grid or company does not see it.
create function data.told_of(c data.hazard_case, parts text[]) returns setof access.account
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select a.*
    from access.account a
    where a.disabled_at is null
      and (a.role in ('utility', 'contractor') and c.org_id = any (a.org_ids)
               and 'responsible' = any (parts)
        or a.role = 'warden' and c.grid_id = any (a.grid_ids) and not c.main
               and coalesce(c.layer, '') <> 'gas_pipelines' and 'warden' = any (parts)
        or a.role in ('supervisor', 'inspector')
               and (a.all_districts or c.district_id = any (a.district_ids))
               and (a.role = 'supervisor' and 'supervising' = any (parts)
                    or a.role = 'inspector' and 'inspector' = any (parts)
                    or 'leader' = any (parts) and c.leader_in_charge in (a.name, a.full_name))
        or 'finder' = any (parts) and c.found_by = a.name and c.found_role = a.role
               and (a.role <> 'warden' or not c.main))
$$;

create function data.notify_acts() returns trigger
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    n bigint;
begin
    if not exists (select from fresh f join data.notice_rule r on f.act = any (r.acts)) then
        return null;
    end if;
    insert into data.notice (account_id, case_id, kind, once, act_id, due_at, at)
        select a.id, c.id, r.kind, 'act ' || f.id, f.id, f.due_at, f.at
        from fresh f
        join data.notice_rule r on f.act = any (r.acts)
        join data.hazard_case c on c.id = f.case_id
        cross join lateral data.told_of(c, r.tells) a
        where a.name is distinct from f.person or a.role is distinct from replace(f.role, 'gridwarden_', '')
        on conflict do nothing;
    get diagnostics n = row_count;
    if n > 0 then
        perform pg_notify('gridwarden_notice', '');
    end if;
    return null;
end
$$;
create trigger notify_acts after insert on data.hazard_act
    referencing new table as fresh for each statement execute function data.notify_acts();

-- What days bring: cases that are due soon, and those that are overdue, level by level. How many.
create function data.remind() returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    moment constant timestamptz := data.office_now();
    t constant data.deadline_table := data.deadlines_now();
    soon_until timestamptz;
    n bigint;
begin
    if t.version is null then
        return 0;
    end if;
    soon_until := data.city_moment(data.working_day_after(data.city_day(moment), t.soon), '23:59:59');
    with open_ones as materialized (
        select c.* from data.hazard_case c
        where c.due_at is not null and c.due_at <= soon_until
          and c.state in ('assigned', 'rectifying', 'returned')),
    told as (
        select c.id, 'due_soon' as kind, 0 as level, c.due_at, r.tells
        from open_ones c join data.notice_rule r on r.kind = 'due_soon'
        where c.due_at > moment and c.assigned_at < c.due_at
        union all
        select c.id, 'overdue', e.level, c.due_at, e.tells
        from open_ones c
        join data.escalation e on e.version = t.version and e.grade = c.grade
        where c.due_at <= moment and e.after <= data.overdue_days(c.due_at, moment))
    insert into data.notice (account_id, case_id, kind, once, level, due_at, at)
        select a.id, c.id, w.kind,
               w.kind || ' ' || c.id || ' ' || extract(epoch from w.due_at)::bigint || ' ' || w.level,
               w.level, w.due_at, moment
        from told w
        join data.hazard_case c on c.id = w.id
        cross join lateral data.told_of(c, w.tells) a
        on conflict do nothing;
    get diagnostics n = row_count;
    if n > 0 then
        perform pg_notify('gridwarden_notice', '');
    end if;
    return n;
end
$$;

-- Keep what notices.toml says.
create function data.keep_notice_rules(told jsonb) returns void
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
begin
    delete from data.notice_rule r
        where not exists (select from jsonb_populate_recordset(null::data.notice_rule, told) n where n = r);
    insert into data.notice_rule select n.* from jsonb_populate_recordset(null::data.notice_rule, told) n
        on conflict do nothing;
end
$$;

---------------------------------------------------------------------------- letters
-- The next letter to write: one person's notices that wait, oldest first, with what they are about.
-- Who is given one has it for `hold` seconds: a worker that dies leaves it to be sent again, under
-- the same Message-ID.
create function data.next_letter(at_most integer, hold double precision) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    who record;
    told jsonb;
begin
    select a.id, a.full_name, a.language, a.role, d.address into who
    from data.notice n
    join data.notice_address d on d.account_id = n.account_id
    join access.account a on a.id = n.account_id and a.disabled_at is null
    where n.sent_at is null and not n.gave_up and n.next_at <= clock_timestamp()
    order by n.id limit 1;
    if who.id is null then
        return null;
    end if;
    with taken as (
        update data.notice n set attempts = n.attempts + 1,
            next_at = clock_timestamp() + make_interval(secs => hold)
        where n.id in (select w.id from data.notice w
                       where w.account_id = who.id and w.sent_at is null and not w.gave_up
                         and w.next_at <= clock_timestamp()
                       order by w.id limit at_most for update skip locked)
        returning n.*)
    select jsonb_agg(jsonb_build_object('id', k.id, 'kind', k.kind, 'level', k.level, 'due_at', k.due_at,
               'attempts', k.attempts, 'case', c.id, 'hazard_no', c.hazard_no, 'grade', c.grade,
               'category', c.category, 'family', c.family, 'state', c.state, 'next', r.next)
               order by k.id) into told
    from taken k
    join data.hazard_case c on c.id = k.case_id
    left join data.notice_rule r on r.kind = k.kind;
    if told is null then
        return null;
    end if;
    return jsonb_build_object('name', who.full_name, 'language', who.language, 'role', who.role,
        'address', who.address, 'notices', told);
end
$$;

create function data.letter_sent(ids bigint[]) returns void
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    update data.notice n set sent_at = clock_timestamp(), error = null where n.id = any (ids)
$$;

-- It was not taken: again after `wait_s`, or never where that is null.
create function data.letter_failed(ids bigint[], said text, wait_s double precision) returns void
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    update data.notice n set error = left(said, 300), gave_up = wait_s is null,
        next_at = clock_timestamp() + make_interval(secs => coalesce(wait_s, 0))
    where n.id = any (ids)
$$;

---------------------------------------------------------------------------- for who is told
create function api.my_account() returns bigint
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select a.id from access.account a
    where a.name = api.person() and a.role = api.role() and a.disabled_at is null
$$;

create view api.notice as
    select n.id, n.case_id, c.hazard_no, c.grade, c.category, c.family, c.state, n.kind, n.level, n.due_at, n.at,
           n.seen_at, n.sent_at, n.gave_up, n.error, n.attempts
    from data.notice n
    join api.hazard_case c on c.id = n.case_id
    where n.account_id = (select api.my_account());

create function api.set_notice_address(address text) returns text
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    mine constant bigint := api.my_account();
begin
    if mine is null then
        perform data.refuse('GW409', 'notices.no_account');
    elsif nullif(btrim(address), '') is null then
        delete from data.notice_address d where d.account_id = mine;
        perform api.record('notice_address_set', 'notices', '{"address": false}');
        return null;
    end if;
    insert into data.notice_address as d (account_id, address) values (mine, btrim(address))
        on conflict on constraint notice_address_pkey
        do update set address = excluded.address, at = clock_timestamp();
    -- what waited for an address, and what the old one did not take, is not sent now
    update data.notice n set gave_up = true
        where n.account_id = mine and n.sent_at is null and n.at < data.office_now() - interval '7 days';
    perform api.record('notice_address_set', 'notices', '{"address": true}');
    return btrim(address);
end
$$;

create function api.my_notice_address() returns text
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select d.address from data.notice_address d where d.account_id = api.my_account() $$;

create function api.notices_seen(upto bigint) returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    n integer;
begin
    update data.notice k set seen_at = clock_timestamp()
        where k.account_id = api.my_account() and k.seen_at is null and k.id <= upto;
    get diagnostics n = row_count;
    return n;
end
$$;

revoke all on function data.told_of(data.hazard_case, text[]), data.notify_acts(), data.remind(),
    data.keep_notice_rules(jsonb), data.next_letter(integer, double precision),
    data.letter_sent(bigint[]), data.letter_failed(bigint[], text, double precision),
    api.my_account(), api.set_notice_address(text), api.my_notice_address(),
    api.notices_seen(bigint) from public;
grant execute on function data.remind(), data.next_letter(integer, double precision),
    data.letter_sent(bigint[]), data.letter_failed(bigint[], text, double precision) to gridwarden_send;
grant select on api.notice to gridwarden_utility, gridwarden_supervisor, gridwarden_planner,
    gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
grant execute on function api.my_account(), api.set_notice_address(text), api.my_notice_address(),
    api.notices_seen(bigint) to gridwarden_utility, gridwarden_supervisor, gridwarden_planner,
    gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
