-- A browser that was sent to the sign-in provider and is to come back, once.
create table access.provider_login (
    hash bytea primary key,
    redirect text not null,
    next text not null,
    until timestamptz not null
);
create index provider_login_until on access.provider_login (until);
comment on table access.provider_login is
    '`hash`: of the secret that the browser''s cookie holds; state, nonce and verifier are made of '
    'that secret and kept nowhere. `redirect`: the address the provider was told to send it back to.';

create function api.provider_login_begins(hash bytea, redirect text, next text, lifetime interval)
    returns void
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    delete from access.provider_login p where p.until < clock_timestamp();
    insert into access.provider_login (hash, redirect, next, until)
        values (provider_login_begins.hash, provider_login_begins.redirect,
                provider_login_begins.next, clock_timestamp() + least(lifetime, interval '1 hour'))
$$;

-- Where it was to come back to, and the page that was asked for: to one request, never again.
create function api.provider_login_ends(hash bytea) returns jsonb
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    delete from access.provider_login p
        where p.hash = provider_login_ends.hash and p.until > clock_timestamp()
        returning jsonb_build_object('redirect', p.redirect, 'next', p.next)
$$;

---------------------------------------------------------------------------- whose records
-- The numbers of what a provider calls by name or code; or the first that is none, or several.
create function api.bounds_called(organisations text[], districts text[], grids text[])
    returns jsonb
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    with asked as (
        select 'organisations' as field, n as called from unnest(organisations) n
        union select 'districts', n from unnest(districts) n
        union select 'grids', n from unnest(grids) n),
    found as (
        select a.field, a.called, array_agg(f.id) filter (where f.id is not null) as ids
        from asked a left join lateral (
            select o.id from api.organisations_called(a.called) o where a.field = 'organisations'
            union all
            select d.id from api.districts_called(a.called) d where a.field = 'districts'
            union all
            select g.id from api.grids_called(a.called) g where a.field = 'grids') f on true
        group by a.field, a.called),
    wrong as (
        select f.field, f.called from found f where cardinality(f.ids) is distinct from 1
        order by f.field, f.called limit 1)
    select jsonb_build_object(
        'unknown', (select w.called from wrong w), 'field', (select w.field from wrong w),
        'org_ids', coalesce((select jsonb_agg(f.ids[1] order by f.ids[1]) from found f
                             where f.field = 'organisations'), '[]'),
        'district_ids', coalesce((select jsonb_agg(f.ids[1] order by f.ids[1]) from found f
                                  where f.field = 'districts'), '[]'),
        'grid_ids', coalesce((select jsonb_agg(f.ids[1] order by f.ids[1]) from found f
                              where f.field = 'grids'), '[]'))
$$;

---------------------------------------------------------------------------- whose account
-- The account of somebody whom the provider vouches for, with the rights that it has by its groups
-- of today: made of `offered` where there is none yet, changed where those are others (the trigger
-- then ends sessions and keys). Null where there is none and nothing is offered. Administrators
-- are not made, nor let in, by a provider: who runs it would be all three of them.
create or replace function api.account_by_provider(issuer text, subject text, offered jsonb)
    returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    three constant text[] := array['administrator', 'security', 'auditor'];
    called text := offered ->> 'name';
    wanted access.account;
    one access.account;
begin
    select a.* into one from access.account a
        where a.issuer = account_by_provider.issuer and a.subject = account_by_provider.subject
        for no key update;
    if offered ->> 'role' = any (three) or one.role = any (three) then
        raise exception 'accounts.no_provider' using errcode = 'GW403';
    end if;
    if one.disabled_at is not null then
        raise exception 'oidc.disabled' using errcode = 'GW403';
    end if;
    if offered is null then
        return one.id;
    end if;
    wanted.org_ids := array(select v::bigint from jsonb_array_elements_text(offered -> 'org_ids') v
                            order by 1);
    wanted.district_ids := array(
        select v::bigint from jsonb_array_elements_text(offered -> 'district_ids') v order by 1);
    wanted.grid_ids := array(select v::bigint from jsonb_array_elements_text(offered -> 'grid_ids') v
                             order by 1);
    if one.id is not null then
        update access.account a
            set full_name = offered ->> 'full_name', role = offered ->> 'role',
                org_ids = wanted.org_ids, district_ids = wanted.district_ids,
                grid_ids = wanted.grid_ids, all_districts = (offered ->> 'all_districts')::boolean
            where a.id = one.id
              and (a.full_name, a.role, a.org_ids, a.district_ids, a.grid_ids, a.all_districts)
                  is distinct from
                  (offered ->> 'full_name', offered ->> 'role', wanted.org_ids, wanted.district_ids,
                   wanted.grid_ids, (offered ->> 'all_districts')::boolean);
        if found then
            perform access.record_as(null, one.name, 'account_changed', jsonb_build_object(
                'account', one.id, 'name', one.name, 'role', offered ->> 'role',
                'issuer', account_by_provider.issuer));
        end if;
        return one.id;
    end if;
    -- A name that is taken is somebody else's, whatever the provider says.
    if exists (select from access.account a where lower(a.name) = lower(called)) then
        called := left(called, 50) || '.' || left(encode(sha256(convert_to(
            account_by_provider.issuer || ' ' || account_by_provider.subject, 'UTF8')), 'hex'), 12);
    end if;
    insert into access.account (name, full_name, role, org_ids, district_ids, grid_ids,
                                all_districts, language, issuer, subject, created_by)
        values (called, offered ->> 'full_name', offered ->> 'role', wanted.org_ids,
                wanted.district_ids, wanted.grid_ids, (offered ->> 'all_districts')::boolean,
                offered ->> 'language', account_by_provider.issuer, account_by_provider.subject,
                account_by_provider.issuer)
        on conflict do nothing
        returning * into one;
    if one.id is null then  -- of two sign-ins at once the other one made it
        return (select a.id from access.account a
            where a.issuer = account_by_provider.issuer
              and a.subject = account_by_provider.subject);
    end if;
    perform access.record_as(null, called, 'account_added', jsonb_build_object('account', one.id,
        'name', called, 'role', offered ->> 'role', 'issuer', account_by_provider.issuer));
    return one.id;
end
$$;

-- The provider knows the person, and no group of today has a place here: what the person had ends.
create function api.provider_refused(issuer text, subject text, reason text, address text)
    returns void
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    one access.account;
begin
    select a.* into one from access.account a
        where a.issuer = provider_refused.issuer and a.subject = provider_refused.subject;
    update access.credential c set revoked_at = clock_timestamp()
        where c.account_id = one.id and c.revoked_at is null;
    perform access.record_as(one.role, coalesce(one.name, left(subject, 200)), 'login_failed',
        jsonb_build_object('account', one.id, 'issuer', issuer, 'reason', reason,
                           'address', address));
end
$$;

-- Who an access token of the provider acts as, in the form of api.caller_of; being seen is written
-- at most once a minute.
create function api.caller_by_account(account bigint) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    update access.account a set last_seen_at = clock_timestamp()
        where a.id = caller_by_account.account and a.disabled_at is null
          and (a.last_seen_at is null
               or a.last_seen_at < clock_timestamp() - interval '1 minute');
    return (
        select jsonb_build_object('id', a.id, 'role', a.role, 'person', a.name,
            'org_ids', a.org_ids, 'district_ids', a.district_ids, 'grid_ids', a.grid_ids,
            'all_districts', a.all_districts, 'language', a.language, 'made_by', a.created_by,
            'account', a.id)
        from access.account a
        where a.id = caller_by_account.account and a.disabled_at is null);
end
$$;

---------------------------------------------------------------------------- signing out there, too
alter table access.credential add hint text;
comment on column access.credential.hint is
    'Of a sign-in by the provider: what it wants to be shown when the person signs out, sealed.';

create function api.keep_hint(step bytea, hint text) returns void
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    update access.credential c set hint = keep_hint.hint
    where c.hash = step and c.kind = 'step' and c.revoked_at is null
$$;

create function api.hint_of(session bytea) returns text
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select c.hint from access.credential c
    where c.hash = session and c.kind = 'session' and c.revoked_at is null
$$;

create or replace function api.login_ends(step bytea, session bytea, former bytea, lifetime interval,
                               idle interval, agent text, address text) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    one access.account := access.holder('step', step);
    ended access.credential;
begin
    if one.id is null then
        return false;
    end if;
    update access.credential c set used_at = clock_timestamp(), revoked_at = clock_timestamp()
        where c.hash = step and c.kind = 'step' and c.used_at is null
        returning c.* into ended;
    if not found then
        return false;
    end if;
    update access.credential c set hint = null where c.id = ended.id and c.hint is not null;
    update access.credential c set revoked_at = clock_timestamp(), hint = null
        where c.hash = former and c.kind = 'session' and c.revoked_at is null;
    insert into access.credential (kind, hash, role, person, org_ids, district_ids, grid_ids,
                                   all_districts, language, expires_at, account_id, idle, agent,
                                   made_by, hint)
        values ('session', session, one.role, one.name, one.org_ids, one.district_ids, one.grid_ids,
                one.all_districts, one.language,
                clock_timestamp() + least(lifetime, interval '7 days'), one.id, login_ends.idle,
                left(login_ends.agent, 200), one.created_by, ended.hint);
    update access.account a set last_seen_at = clock_timestamp() where a.id = one.id;
    perform access.record_as(one.role, one.name, 'login',
        jsonb_build_object('account', one.id, 'address', address, 'shown', ended.passed));
    return true;
end
$$;

---------------------------------------------------------------------------- grants
revoke all on function api.provider_login_begins(bytea, text, text, interval),
    api.provider_login_ends(bytea), api.bounds_called(text[], text[], text[]),
    api.provider_refused(text, text, text, text), api.caller_by_account(bigint),
    api.keep_hint(bytea, text), api.hint_of(bytea) from public;
do $do$
begin
    execute format('grant execute on function api.provider_login_begins(bytea, text, text, interval),'
        ' api.provider_login_ends(bytea), api.bounds_called(text[], text[], text[]),'
        ' api.provider_refused(text, text, text, text), api.caller_by_account(bigint),'
        ' api.keep_hint(bytea, text), api.hint_of(bytea) to %I',
        'gridwarden_web_' || current_database());
end
$do$;
