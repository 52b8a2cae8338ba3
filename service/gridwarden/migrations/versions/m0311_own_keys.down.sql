drop function api.account_by_provider(text, text, jsonb), api.my_keys(bytea);

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
