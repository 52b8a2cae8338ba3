-- People: a name, one role, bounds, a password and perhaps a second factor. No role reads the table;
-- the security officer works on the view, who signs in on functions that take the secret itself.
create table access.account (
    id bigint generated always as identity primary key,
    name text not null constraint account_name check (
        char_length(name) between 1 and 64 and name !~ '[[:space:][:cntrl:]:/<>"]'),
    full_name text not null constraint account_full_name check (
        char_length(full_name) between 1 and 120 and btrim(full_name) <> ''
        and full_name !~ '[[:cntrl:]]'),
    role text not null constraint account_role check (role in (
        'utility', 'supervisor', 'planner', 'dispatcher', 'viewer', 'warden', 'inspector',
        'contractor', 'administrator', 'security', 'auditor')),
    org_ids bigint[] not null default '{}',
    district_ids bigint[] not null default '{}',
    grid_ids bigint[] not null default '{}',
    all_districts boolean not null default false,
    language text not null default 'zh' constraint account_language check (language in ('zh', 'en')),
    password_hash text,
    password_at timestamptz,
    password_until timestamptz,
    must_change boolean not null default false,
    totp text,
    totp_at timestamptz,
    totp_counter bigint,
    issuer text,
    subject text,
    created_at timestamptz not null default clock_timestamp(),
    created_by text default nullif(current_setting('gridwarden.person', true), ''),
    disabled_at timestamptz,
    last_seen_at timestamptz,
    constraint account_subject unique (issuer, subject),
    check ((issuer is null) = (subject is null))
);
comment on table access.account is
    '`password_until`: a first password holds so long. `totp`: the second factor''s secret, sealed '
    'with a key that is not in the database; `totp_counter` its last step that was used.';
create unique index account_called on access.account (lower(name));

create table access.former_password (
    account_id bigint not null references access.account on delete cascade,
    hash text not null,
    at timestamptz not null default clock_timestamp()
);
create index former_password_account on access.former_password (account_id, at);

create table access.recovery_code (
    hash bytea primary key,
    account_id bigint not null references access.account on delete cascade,
    used_at timestamptz
);
create index recovery_code_account on access.recovery_code (account_id);

create table access.attempt (
    who text primary key,
    failures integer not null,
    at timestamptz not null,
    until timestamptz
);
comment on table access.attempt is
    'Tries that have not succeeded, by account, by known device, by address; closed `until`.';

alter table access.credential
    drop constraint credential_kind_check,
    add constraint credential_kind_check check (kind in ('key', 'session', 'link', 'step')),
    add account_id bigint references access.account,
    add grid_ids bigint[] not null default '{}',
    add scopes text[] not null default '{read,write}',
    add idle interval,
    add last_used_at timestamptz,
    add former_hash bytea unique,
    add former_until timestamptz,
    add passed text[] not null default '{}',
    add agent text;
create index credential_account on access.credential (account_id) where revoked_at is null;
comment on column access.credential.idle is 'Unused for so long, a session ends.';
comment on column access.credential.former_hash is
    'The secret before the last exchange; it holds until `former_until`.';
comment on column access.credential.passed is
    'Of a sign-in that is under way (`step`): what has been shown so far.';

---------------------------------------------------------------------------- who asks
create function api.my_grid(grid_id bigint) returns boolean
    language sql stable parallel safe as
$$ select coalesce(grid_id = any (string_to_array(
       nullif(current_setting('gridwarden.grids', true), ''), ',')::bigint[]), false) $$;

create or replace function api.caller_of(kind text, hash bytea) returns jsonb
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select jsonb_build_object('id', c.id, 'role', c.role, 'person', c.person, 'org_ids', c.org_ids,
        'district_ids', c.district_ids, 'grid_ids', c.grid_ids, 'all_districts', c.all_districts,
        'language', c.language, 'made_by', c.made_by, 'account', c.account_id,
        'scopes', case when c.kind = 'key' then to_jsonb(c.scopes) end,
        'unseen', c.last_used_at is null
                  or c.last_used_at < clock_timestamp() - interval '1 minute')
    from access.credential c
    where (c.hash = caller_of.hash
           or c.former_hash = caller_of.hash and c.former_until > clock_timestamp())
      and c.kind = caller_of.kind and c.kind <> 'step' and c.revoked_at is null
      and c.expires_at > clock_timestamp() and (c.kind <> 'link' or c.used_at is null)
      and (c.idle is null or coalesce(c.last_used_at, c.created_at) > clock_timestamp() - c.idle)
$$;

-- A key or session was used: written once a minute, whoever asks more often.
create function api.credential_used(credential bigint) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    account bigint;
begin
    update access.credential c set last_used_at = clock_timestamp()
        where c.id = credential
          and (c.last_used_at is null or c.last_used_at < clock_timestamp() - interval '1 minute')
        returning c.account_id into account;
    if account is not null then
        update access.account a set last_seen_at = clock_timestamp() where a.id = account;
    end if;
end
$$;

---------------------------------------------------------------------------- three administrators
-- One person under two spellings: width, case, spaces and points do not tell people apart.
create function access.plain(name text) returns text
    language sql immutable parallel safe set search_path = pg_catalog, pg_temp as
$$ select lower(regexp_replace(normalize(name, nfkc), '[[:space:][:punct:]·]+', '', 'g')) $$;

-- No person holds two of the three: not by accounts, keys, links or sessions, whoever makes them.
create function access.one_administrator() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    three constant text[] := array['administrator', 'security', 'auditor'];
    names text[];
    other text;
begin
    if new.role <> all (three) then
        return new;
    end if;
    if tg_table_name = 'account' then
        if new.disabled_at is not null then
            return new;
        end if;
        names := array[access.plain(new.name), access.plain(new.full_name)];
    else
        if new.revoked_at is not null or new.expires_at <= clock_timestamp() then
            return new;
        end if;
        names := array[access.plain(new.person)] || coalesce((
            select array[access.plain(a.name), access.plain(a.full_name)]
            from access.account a where a.id = new.account_id), '{}');
    end if;
    -- One after the other: of two at once each would see nothing of the other.
    perform pg_advisory_xact_lock(hashtext('gridwarden three administrators'));
    select a.role into other from access.account a
        where a.disabled_at is null and a.role = any (three) and a.role <> new.role
          and (access.plain(a.name) = any (names) or access.plain(a.full_name) = any (names))
        limit 1;
    if other is null then
        select c.role into other from access.credential c
            where c.revoked_at is null and c.expires_at > clock_timestamp()
              and (c.kind <> 'link' or c.used_at is null)
              and c.role = any (three) and c.role <> new.role
              and access.plain(c.person) = any (names)
            limit 1;
    end if;
    if other is not null then
        raise exception 'accounts.one_administrator' using errcode = 'GW409';
    end if;
    return new;
end
$$;
create trigger one_administrator before insert or update on access.account
    for each row execute function access.one_administrator();
create trigger one_administrator before insert or update of role, person, account_id, expires_at,
        revoked_at on access.credential
    for each row execute function access.one_administrator();

-- Other rights, or none: whoever is signed in signs in again, and keys of the account end.
create function access.account_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    if current_setting('role') = 'gridwarden_security' and lower(old.name) = lower(api.person()) then
        raise exception 'accounts.own' using errcode = 'GW409';
    end if;
    if new.name <> old.name then
        raise exception 'accounts.name_stays' using errcode = 'GW409';
    end if;
    if (new.role, new.org_ids, new.district_ids, new.grid_ids, new.all_districts)
           is distinct from (old.role, old.org_ids, old.district_ids, old.grid_ids, old.all_districts)
       or new.disabled_at is not null and old.disabled_at is null then
        update access.credential c set revoked_at = clock_timestamp()
            where c.account_id = new.id and c.revoked_at is null;
    end if;
    return new;
end
$$;
create trigger account_changed after update on access.account
    for each row execute function access.account_changed();

---------------------------------------------------------------------------- tries
-- Counts a try and says whether it may be made; a success takes it back. After `most` in a row
-- nothing is open for the time `closed`.
create function access.may_try(who text, most integer, closed interval) returns boolean
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
begin
    if random() < 0.01 then
        delete from access.attempt a
            where a.at < clock_timestamp() - interval '2 days'
              and (a.until is null or a.until < clock_timestamp());
    end if;
    insert into access.attempt as a (who, failures, at, until)
        values (may_try.who, 1, clock_timestamp(),
                case when most <= 1 then clock_timestamp() + closed end)
    on conflict on constraint attempt_pkey do update set
        failures = case when a.until is null and a.at > clock_timestamp() - closed
                        then a.failures + 1 else 1 end,
        until = case when a.until is null and a.at > clock_timestamp() - closed
                          and a.failures + 1 >= most then clock_timestamp() + closed end,
        at = clock_timestamp()
    where a.until is null or a.until <= clock_timestamp();
    return found;
end
$$;

-- What somebody who is not a caller yet did, as api.record writes it.
create function access.record_as(role text, person text, action text, detail jsonb) returns void
    language sql volatile set search_path = pg_catalog, pg_temp as
$$
    insert into data.audit (role, person, login, action, object, rows, detail)
    values (coalesce('gridwarden_' || record_as.role, 'none'), record_as.person, session_user,
            record_as.action, 'access.account', 1, jsonb_strip_nulls(record_as.detail))
$$;

---------------------------------------------------------------------------- signing in
-- A try to sign in by name and password. `hash` is null for a name that nobody has; `open` is false
-- where even the right password does not open: too many tries, disabled, a first password too old.
-- A device that signed in to this account before has a count of its own: who knows a name cannot
-- lock its owner out, nor can who shares an address with others.
create function api.login_begins(called text, address text, device text, device_account bigint,
                                 tries integer, address_tries integer, closed interval)
    returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    one access.account;
    known boolean;
    near boolean;
    free boolean := false;
begin
    select a.* into one from access.account a where lower(a.name) = lower(called);
    known := one.id is not null and device is not null and device_account = one.id;
    near := access.may_try('address ' || address, address_tries, closed) or known;
    if near and one.id is not null then
        free := access.may_try(
            case when known then 'device ' || device else 'account ' || one.id end, tries, closed);
    end if;
    return jsonb_build_object('account', one.id, 'hash', one.password_hash, 'near', near,
        'open', free and one.disabled_at is null
                and (one.password_until is null or one.password_until > clock_timestamp()),
        'tries_here', case when known then 0 else (
            select t.failures from access.attempt t where t.who = 'address ' || address) end);
end
$$;

create function api.login_failed(account bigint, address text) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    one access.account;
    locked timestamptz;
begin
    select a.* into one from access.account a where a.id = login_failed.account;
    select t.until into locked from access.attempt t
        where t.who = 'account ' || one.id and t.until > clock_timestamp();
    perform access.record_as(one.role, one.name, 'login_failed',
        jsonb_build_object('account', one.id, 'address', address));
    if locked is not null then
        perform access.record_as(one.role, one.name, 'account_locked',
            jsonb_build_object('account', one.id, 'address', address, 'until', locked));
    end if;
end
$$;

-- The password was right: a step that the rest of signing in is made with.
create function api.login_passed(account bigint, address text, device text, step bytea,
                                 shown text, lifetime interval) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    update access.attempt t set failures = greatest(t.failures - 1, 0), until = null
        where t.who = 'address ' || address;
    delete from access.attempt t
        where t.who in ('account ' || login_passed.account, 'device ' || device);
    insert into access.credential (kind, hash, role, person, account_id, language, expires_at, passed)
        select 'step', step, a.role, a.name, a.id, a.language,
               clock_timestamp() + least(lifetime, interval '1 hour'), array[shown]
        from access.account a where a.id = login_passed.account and a.disabled_at is null;
    return found;
end
$$;

-- The account that a session or a step is of, while it holds.
create function access.holder(kind text, hash bytea) returns access.account
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select a from access.credential c join access.account a on a.id = c.account_id
    where c.hash = holder.hash and c.kind = holder.kind and c.kind in ('session', 'step')
      and c.revoked_at is null and c.used_at is null and c.expires_at > clock_timestamp()
      and (c.idle is null or coalesce(c.last_used_at, c.created_at) > clock_timestamp() - c.idle)
      and a.disabled_at is null
$$;

create function api.account_of(kind text, hash bytea) returns jsonb
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select jsonb_build_object('id', a.id, 'name', a.name, 'full_name', a.full_name, 'role', a.role,
        'totp', a.totp, 'totp_at', a.totp_at, 'password_hash', a.password_hash,
        'password_at', a.password_at, 'must_change', a.must_change,
        'codes_left', (select count(*) from access.recovery_code r
                       where r.account_id = a.id and r.used_at is null),
        'former', coalesce((select jsonb_agg(f.hash order by f.at desc)
                            from access.former_password f where f.account_id = a.id), '[]'),
        'passed', (select to_jsonb(c.passed) from access.credential c
                   where c.hash = account_of.hash))
    from access.holder(account_of.kind, account_of.hash) a where a.id is not null
$$;

create function api.factor_begins(step bytea, tries integer, closed interval) returns boolean
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select coalesce(bool_and(access.may_try('factor ' || a.id, tries, closed)), false)
    from access.holder('step', step) a where a.id is not null
$$;

-- A code of that moment, or a recovery code: each once.
create function api.factor_passed(step bytea, counter bigint, code bytea) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    one access.account := access.holder('step', step);
    left_over bigint;
begin
    if one.id is null then
        return false;
    end if;
    if code is null then
        update access.account a set totp_counter = counter
            where a.id = one.id and (a.totp_counter is null or a.totp_counter < counter);
    else
        update access.recovery_code r set used_at = clock_timestamp()
            where r.hash = code and r.account_id = one.id and r.used_at is null;
    end if;
    if not found then
        return false;
    end if;
    delete from access.attempt t where t.who = 'factor ' || one.id;
    update access.credential c set passed = c.passed || 'factor'::text where c.hash = step;
    if code is not null then
        select count(*) into left_over from access.recovery_code r
            where r.account_id = one.id and r.used_at is null;
        perform access.record_as(one.role, one.name, 'account_recovery_code_used',
            jsonb_build_object('account', one.id, 'left', left_over));
    end if;
    return true;
end
$$;

create function api.factor_failed(step bytea, address text) returns void
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select access.record_as(a.role, a.name, 'login_failed',
        jsonb_build_object('account', a.id, 'address', address, 'factor', true))
    from access.holder('step', step) a where a.id is not null
$$;

-- One's own new password: every other session and sign-in of the account ends.
create function api.own_password(kind text, hash bytea, password text, kept integer) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    one access.account := access.holder(own_password.kind, own_password.hash);
begin
    if one.id is null then
        return false;
    end if;
    insert into access.former_password (account_id, hash)
        select one.id, one.password_hash where one.password_hash is not null;
    delete from access.former_password f
        where f.account_id = one.id and f.ctid not in (
            select g.ctid from access.former_password g where g.account_id = one.id
            order by g.at desc limit greatest(kept, 0));
    update access.account a
        set password_hash = password, password_at = clock_timestamp(), password_until = null,
            must_change = false
        where a.id = one.id;
    update access.credential c set revoked_at = clock_timestamp()
        where c.account_id = one.id and c.kind in ('session', 'step', 'link')
          and c.revoked_at is null and c.hash <> own_password.hash;
    perform access.record_as(one.role, one.name, 'account_password_changed',
        jsonb_build_object('account', one.id));
    return true;
end
$$;

-- One's own second factor, new or in the place of the one before; null takes it away.
create function api.own_factor(kind text, hash bytea, sealed text, counter bigint, codes bytea[])
    returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    one access.account := access.holder(own_factor.kind, own_factor.hash);
begin
    if one.id is null then
        return false;
    end if;
    update access.account a
        set totp = sealed, totp_counter = counter,
            totp_at = case when sealed is not null then clock_timestamp() end
        where a.id = one.id;
    delete from access.recovery_code r where r.account_id = one.id;
    insert into access.recovery_code (hash, account_id)
        select code, one.id from unnest(codes) code;
    update access.credential c set passed = c.passed || 'factor'::text
        where c.hash = own_factor.hash and c.kind = 'step';
    update access.credential c set revoked_at = clock_timestamp()
        where c.account_id = one.id and c.kind in ('session', 'step')
          and c.revoked_at is null and c.hash <> own_factor.hash;
    perform access.record_as(one.role, one.name,
        case when sealed is null then 'account_factor_removed' else 'account_factor_set' end,
        jsonb_build_object('account', one.id));
    return true;
end
$$;

-- All is shown: the step becomes a session with a secret of its own.
create function api.login_ends(step bytea, session bytea, former bytea, lifetime interval,
                               idle interval, agent text, address text) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    one access.account := access.holder('step', step);
    shown text[];
begin
    if one.id is null then
        return false;
    end if;
    update access.credential c set used_at = clock_timestamp(), revoked_at = clock_timestamp()
        where c.hash = step and c.kind = 'step' and c.used_at is null
        returning c.passed into shown;
    if not found then
        return false;
    end if;
    update access.credential c set revoked_at = clock_timestamp()
        where c.hash = former and c.kind = 'session' and c.revoked_at is null;
    insert into access.credential (kind, hash, role, person, org_ids, district_ids, grid_ids,
                                   all_districts, language, expires_at, account_id, idle, agent)
        values ('session', session, one.role, one.name, one.org_ids, one.district_ids, one.grid_ids,
                one.all_districts, one.language,
                clock_timestamp() + least(lifetime, interval '7 days'), one.id, login_ends.idle,
                left(login_ends.agent, 200));
    update access.account a set last_seen_at = clock_timestamp() where a.id = one.id;
    perform access.record_as(one.role, one.name, 'login',
        jsonb_build_object('account', one.id, 'address', address, 'shown', shown));
    return true;
end
$$;

-- By a one-time link, as before; the session that the browser had ends.
drop function api.sign_in(bytea, bytea, interval);
create function api.sign_in(link bytea, session bytea, former bytea, lifetime interval,
                            idle interval, agent text) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    used access.credential;
begin
    update access.credential c
        set used_at = clock_timestamp()
        where c.hash = sign_in.link and c.kind = 'link' and c.used_at is null
          and c.revoked_at is null and c.expires_at > clock_timestamp()
        returning c.* into used;
    if not found then
        return false;
    end if;
    update access.credential c set revoked_at = clock_timestamp()
        where c.hash = former and c.kind = 'session' and c.revoked_at is null;
    insert into access.credential (kind, hash, label, role, person, org_ids, district_ids, grid_ids,
                                   all_districts, language, expires_at, made_by, idle, agent,
                                   account_id)
        values ('session', sign_in.session, used.label, used.role, used.person, used.org_ids,
                used.district_ids, used.grid_ids, used.all_districts, used.language,
                clock_timestamp() + least(sign_in.lifetime, interval '7 days'), used.made_by,
                sign_in.idle, left(sign_in.agent, 200), used.account_id);
    insert into data.audit (role, person, login, action, object, rows, detail)
        values ('gridwarden_' || used.role, used.person, session_user, 'login',
                'access.credential', 1, jsonb_build_object('link', used.id));
    return true;
end
$$;

---------------------------------------------------------------------------- one's own sessions
create function access.own_sessions(hash bytea) returns setof access.credential
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select o.* from access.credential c
    join access.credential o on o.id = c.id or o.account_id = c.account_id
    where c.hash = own_sessions.hash and c.kind = 'session' and c.revoked_at is null
      and o.kind = 'session' and o.revoked_at is null and o.expires_at > clock_timestamp()
      and (o.idle is null or coalesce(o.last_used_at, o.created_at) > clock_timestamp() - o.idle)
$$;

create function api.my_sessions(hash bytea) returns table (
        id bigint, created_at timestamptz, last_used_at timestamptz, expires_at timestamptz,
        agent text, current boolean)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select o.id, o.created_at, coalesce(o.last_used_at, o.created_at), o.expires_at, o.agent,
           o.hash = my_sessions.hash
    from access.own_sessions(my_sessions.hash) o order by 3 desc, 1 desc
$$;

-- Ends one's session of this number, or all but the one that asks; says how many.
create function api.end_my_sessions(hash bytea, session bigint) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    ended bigint;
begin
    with mine as (select o.id, o.hash from access.own_sessions(end_my_sessions.hash) o),
    gone as (
        update access.credential c set revoked_at = clock_timestamp()
        from mine m
        where c.id = m.id and case when session is null then m.hash <> end_my_sessions.hash
                                   else m.id = session end
        returning c.role, c.person, c.account_id, c.id),
    told as (
        select access.record_as(g.role, g.person, 'account_session_ended',
            jsonb_build_object('account', g.account_id, 'session', g.id)) from gone g)
    select count(*) into ended from told;
    return ended;
end
$$;

-- After something changed that matters, a session goes on under another secret.
create function api.rotate_session(former bytea, session bytea) returns void
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    update access.credential c set hash = session
    where c.hash = former and c.kind = 'session' and c.revoked_at is null
$$;

---------------------------------------------------------------------------- the officer's work
create view api.account as
    select a.id, a.name, a.full_name, a.role, a.org_ids, a.district_ids, a.grid_ids, a.all_districts,
           a.language, a.issuer, a.subject, a.created_at, a.created_by, a.disabled_at,
           a.last_seen_at, a.must_change, a.password_at, a.password_until,
           a.password_hash is not null as has_password, a.totp is not null as has_factor,
           (select max(t.until) from access.attempt t
            where t.who in ('account ' || a.id, 'factor ' || a.id)
              and t.until > clock_timestamp()) as locked_until
    from access.account a;

-- A first password: it holds until then, and is changed when it is first used.
create function api.reset_password(account bigint, password text, lifetime interval) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    update access.account a
        set password_hash = password, password_at = clock_timestamp(), must_change = true,
            password_until = clock_timestamp() + lifetime
        where a.id = reset_password.account;
    if not found then
        return false;
    end if;
    update access.credential c set revoked_at = clock_timestamp()
        where c.account_id = reset_password.account and c.kind <> 'key' and c.revoked_at is null;
    delete from access.attempt t where t.who = 'account ' || reset_password.account;
    return true;
end
$$;

create function api.reset_factor(account bigint) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    update access.account a set totp = null, totp_at = null, totp_counter = null
        where a.id = reset_factor.account;
    if not found then
        return false;
    end if;
    delete from access.recovery_code r where r.account_id = reset_factor.account;
    delete from access.attempt t where t.who = 'factor ' || reset_factor.account;
    update access.credential c set revoked_at = clock_timestamp()
        where c.account_id = reset_factor.account and c.kind <> 'key' and c.revoked_at is null;
    return true;
end
$$;

create function api.unlock_account(account bigint) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    delete from access.attempt t
        where t.who in ('account ' || unlock_account.account, 'factor ' || unlock_account.account);
    return exists (select from access.account a where a.id = unlock_account.account);
end
$$;

-- Accounts and keys that nobody has used for so many days, and since when.
create function api.dormant(days integer) returns table (
        what text, id bigint, name text, full_name text, role text, since timestamptz, never boolean)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select 'account', a.id, a.name, a.full_name, a.role, coalesce(a.last_seen_at, a.created_at),
           a.last_seen_at is null
    from access.account a
    where a.disabled_at is null
      and coalesce(a.last_seen_at, a.created_at) < clock_timestamp() - make_interval(days => days)
    union all
    select 'key', c.id, coalesce(c.label, ''), c.person, c.role,
           coalesce(c.last_used_at, c.created_at), c.last_used_at is null
    from access.credential c
    where c.kind = 'key' and c.revoked_at is null and c.expires_at > clock_timestamp()
      and coalesce(c.last_used_at, c.created_at) < clock_timestamp() - make_interval(days => days)
    order by 6, 1, 2
$$;

create function api.grids_called(called text) returns table (id bigint, told text)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    with fits as (
        select g.id, concat_ws(' ', g.id, g.name, g.code) as told, g.id::text = called as exact
        from data.warden_grids g
        where called in (g.id::text, g.code, g.name, g.source_id))
    select f.id, f.told from fits f
    where f.exact or not exists (select from fits x where x.exact)
    order by f.id
$$;

---------------------------------------------------------------------------- grants
revoke all on all functions in schema access from public;
revoke all on function api.my_grid(bigint), api.caller_of(text, bytea), api.credential_used(bigint),
    api.login_begins(text, text, text, bigint, integer, integer, interval),
    api.login_failed(bigint, text),
    api.login_passed(bigint, text, text, bytea, text, interval),
    api.account_of(text, bytea), api.factor_begins(bytea, integer, interval),
    api.factor_passed(bytea, bigint, bytea), api.factor_failed(bytea, text),
    api.own_password(text, bytea, text, integer),
    api.own_factor(text, bytea, text, bigint, bytea[]),
    api.login_ends(bytea, bytea, bytea, interval, interval, text, text),
    api.sign_in(bytea, bytea, bytea, interval, interval, text),
    api.my_sessions(bytea), api.end_my_sessions(bytea, bigint),
    api.rotate_session(bytea, bytea), api.reset_password(bigint, text, interval),
    api.reset_factor(bigint), api.unlock_account(bigint), api.dormant(integer), api.grids_called(text)
    from public;

grant execute on function api.my_grid(bigint) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_warden, gridwarden_inspector, gridwarden_contractor,
    gridwarden_administrator, gridwarden_security, gridwarden_auditor;
grant select, insert, update on api.account to gridwarden_security;
grant select on api.account to gridwarden_auditor;
grant execute on function api.reset_password(bigint, text, interval), api.reset_factor(bigint),
    api.unlock_account(bigint), api.grids_called(text) to gridwarden_security;
grant execute on function api.dormant(integer) to gridwarden_security, gridwarden_auditor;

do $do$
declare
    web text := 'gridwarden_web_' || current_database();
begin
    execute format('grant execute on function api.caller_of(text, bytea),'
        ' api.credential_used(bigint),'
        ' api.login_begins(text, text, text, bigint, integer, integer, interval),'
        ' api.login_failed(bigint, text),'
        ' api.login_passed(bigint, text, text, bytea, text, interval),'
        ' api.account_of(text, bytea), api.factor_begins(bytea, integer, interval),'
        ' api.factor_passed(bytea, bigint, bytea), api.factor_failed(bytea, text),'
        ' api.own_password(text, bytea, text, integer),'
        ' api.own_factor(text, bytea, text, bigint, bytea[]),'
        ' api.login_ends(bytea, bytea, bytea, interval, interval, text, text),'
        ' api.sign_in(bytea, bytea, bytea, interval, interval, text),'
        ' api.my_sessions(bytea), api.end_my_sessions(bytea, bigint),'
        ' api.rotate_session(bytea, bytea) to %I', web);
end
$do$;
