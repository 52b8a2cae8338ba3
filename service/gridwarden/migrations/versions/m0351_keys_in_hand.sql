-- Of the account that a session is of: a key gets a new secret (the one before holds for the time of
-- grace), or ends. False where no such key is its own and holds.
create function api.rotate_my_key(session bytea, key bigint, hash bytea, grace interval)
    returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    one access.account := access.holder('session', session);
    told jsonb;
begin
    update access.credential c
        set former_hash = case when grace > interval '0' then c.hash end,
            former_until = case when grace > interval '0' then clock_timestamp() + grace end,
            hash = rotate_my_key.hash
        where c.id = key and c.kind = 'key' and c.account_id = one.id
          and c.revoked_at is null and c.expires_at > clock_timestamp()
        returning jsonb_build_object('id', c.id, 'role', c.role, 'person', c.person,
                                     'former_until', c.former_until) into told;
    if told is not null then
        perform access.record_as(one.role, one.name, 'key_rotated', told);
    end if;
    return told is not null;
end
$$;

create function api.end_my_key(session bytea, key bigint) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    one access.account := access.holder('session', session);
    told jsonb;
begin
    update access.credential c set revoked_at = clock_timestamp()
        where c.id = key and c.kind = 'key' and c.account_id = one.id and c.revoked_at is null
        returning jsonb_build_object('id', c.id, 'role', c.role, 'person', c.person) into told;
    if told is not null then
        perform access.record_as(one.role, one.name, 'key_revoked', told);
    end if;
    return told is not null;
end
$$;

-- As before, but that who is told without a name keeps the one that is known.
create or replace function api.account_by_provider(issuer text, subject text, offered jsonb)
    returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    three constant text[] := array['administrator', 'security', 'auditor'];
    called text := offered ->> 'name';
    wanted access.account;
    one access.account;
    called_now text;
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
        -- A token may tell groups and no name: then the offer's is the account's own, said twice.
        called_now := case when offered ->> 'full_name' = called then one.full_name
                           else offered ->> 'full_name' end;
        update access.account a
            set full_name = called_now, role = offered ->> 'role',
                org_ids = wanted.org_ids, district_ids = wanted.district_ids,
                grid_ids = wanted.grid_ids, all_districts = (offered ->> 'all_districts')::boolean
            where a.id = one.id
              and (a.full_name, a.role, a.org_ids, a.district_ids, a.grid_ids, a.all_districts)
                  is distinct from
                  (called_now, offered ->> 'role', wanted.org_ids, wanted.district_ids,
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

revoke all on function api.rotate_my_key(bytea, bigint, bytea, interval),
    api.end_my_key(bytea, bigint) from public;
do $do$
begin
    execute format('grant execute on function api.rotate_my_key(bytea, bigint, bytea, interval),'
        ' api.end_my_key(bytea, bigint) to %I', 'gridwarden_web_' || current_database());
end
$do$;
