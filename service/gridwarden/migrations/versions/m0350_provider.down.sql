drop function api.provider_login_begins(bytea, text, text, interval);
drop function api.provider_login_ends(bytea);
drop function api.bounds_called(text[], text[], text[]);
drop function api.provider_refused(text, text, text, text);
drop function api.caller_by_account(bigint);
drop function api.keep_hint(bytea, text);
drop function api.hint_of(bytea);
drop table access.provider_login;

create or replace function api.account_by_provider(issuer text, subject text, offered jsonb) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    found_id bigint;
    called text := offered ->> 'name';
begin
    select a.id into found_id from access.account a
        where a.issuer = account_by_provider.issuer and a.subject = account_by_provider.subject;
    if found_id is not null or offered is null then
        return found_id;
    end if;
    if offered ->> 'role' in ('administrator', 'security', 'auditor') then
        raise exception 'accounts.no_provider' using errcode = 'GW403';
    end if;
    -- A name that is taken is somebody else's, whatever the provider says.
    if exists (select from access.account a where lower(a.name) = lower(called)) then
        called := left(called, 50) || '.' || left(encode(sha256(convert_to(
            account_by_provider.issuer || ' ' || account_by_provider.subject, 'UTF8')), 'hex'), 12);
    end if;
    insert into access.account (name, full_name, role, org_ids, district_ids, grid_ids,
                                all_districts, language, issuer, subject, created_by)
        values (called, offered ->> 'full_name', offered ->> 'role',
                array(select v::bigint from jsonb_array_elements_text(offered -> 'org_ids') v),
                array(select v::bigint from jsonb_array_elements_text(offered -> 'district_ids') v),
                array(select v::bigint from jsonb_array_elements_text(offered -> 'grid_ids') v),
                (offered ->> 'all_districts')::boolean, offered ->> 'language',
                account_by_provider.issuer, account_by_provider.subject, account_by_provider.issuer)
        on conflict do nothing
        returning id into found_id;
    if found_id is null then  -- of two sign-ins at once the other one made it
        select a.id into found_id from access.account a
            where a.issuer = account_by_provider.issuer and a.subject = account_by_provider.subject;
        return found_id;
    end if;
    perform access.record_as(null, called, 'account_added', jsonb_build_object('account', found_id,
        'name', called, 'role', offered ->> 'role', 'issuer', account_by_provider.issuer));
    return found_id;
end
$$;

create or replace function api.login_ends(step bytea, session bytea, former bytea, lifetime interval,
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
                                   all_districts, language, expires_at, account_id, idle, agent,
                                   made_by)
        values ('session', session, one.role, one.name, one.org_ids, one.district_ids, one.grid_ids,
                one.all_districts, one.language,
                clock_timestamp() + least(lifetime, interval '7 days'), one.id, login_ends.idle,
                left(login_ends.agent, 200), one.created_by);
    update access.account a set last_seen_at = clock_timestamp() where a.id = one.id;
    perform access.record_as(one.role, one.name, 'login',
        jsonb_build_object('account', one.id, 'address', address, 'shown', shown));
    return true;
end
$$;

alter table access.credential drop hint;
