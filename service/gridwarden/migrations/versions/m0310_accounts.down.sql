delete from access.credential where kind = 'step' or account_id is not null;
drop function api.grids_called(text), api.dormant(integer), api.unlock_account(bigint), api.reset_factor(bigint),
    api.reset_password(bigint, text, interval);
drop view api.account;
drop function api.rotate_session(bytea, bytea), api.end_my_sessions(bytea, bigint),
    api.my_sessions(bytea), access.own_sessions(bytea);
drop function api.sign_in(bytea, bytea, bytea, interval, interval, text);
drop function api.login_ends(bytea, bytea, bytea, interval, interval, text, text),
    api.own_factor(text, bytea, text, bigint, bytea[]), api.own_password(text, bytea, text, integer),
    api.factor_failed(bytea, text), api.factor_passed(bytea, bigint, bytea),
    api.factor_begins(bytea, integer, interval), api.account_of(text, bytea),
    access.holder(text, bytea), api.login_passed(bigint, text, text, bytea, text, interval),
    api.login_failed(bigint, text),
    api.login_begins(text, text, text, bigint, integer, integer, interval),
    access.record_as(text, text, text, jsonb), access.may_try(text, integer, interval);
drop trigger one_administrator on access.credential;
drop trigger one_administrator on access.account;
drop trigger account_changed on access.account;
drop function access.account_changed(), access.one_administrator(), access.plain(text);
drop function api.credential_used(bigint), api.my_grid(bigint);

create or replace function api.caller_of(kind text, hash bytea) returns jsonb
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select jsonb_build_object('role', c.role, 'person', c.person, 'org_ids', c.org_ids,
        'district_ids', c.district_ids, 'all_districts', c.all_districts, 'language', c.language,
        'made_by', c.made_by)
    from access.credential c
    where c.hash = caller_of.hash and c.kind = caller_of.kind and c.revoked_at is null
      and c.expires_at > clock_timestamp() and (c.kind <> 'link' or c.used_at is null)
$$;

create function api.sign_in(link bytea, session bytea, lifetime interval) returns boolean
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
    insert into access.credential (kind, hash, label, role, person, org_ids, district_ids,
                                   all_districts, language, expires_at, made_by)
        values ('session', sign_in.session, used.label, used.role, used.person, used.org_ids,
                used.district_ids, used.all_districts, used.language,
                clock_timestamp() + least(sign_in.lifetime, interval '7 days'), used.made_by);
    insert into data.audit (role, person, login, action, object, rows, detail)
        values ('gridwarden_' || used.role, used.person, session_user, 'sign in',
                'access.credential', 1, jsonb_build_object('link', used.id));
    return true;
end
$$;
revoke all on function api.sign_in(bytea, bytea, interval) from public;
do $do$
begin
    execute format('grant execute on function api.sign_in(bytea, bytea, interval) to %I',
                   'gridwarden_web_' || current_database());
end
$do$;

alter table access.credential
    drop constraint credential_kind_check,
    add constraint credential_kind_check check (kind in ('key', 'session', 'link')),
    drop column account_id, drop column grid_ids, drop column scopes, drop column idle,
    drop column last_used_at, drop column former_hash, drop column former_until,
    drop column passed, drop column agent;
drop table access.attempt, access.recovery_code, access.former_password, access.account;
