-- The link's row is locked by the update: a second request waits, sees `used_at` and gets nothing.
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
                                   all_districts, language, expires_at)
        values ('session', sign_in.session, used.label, used.role, used.person, used.org_ids,
                used.district_ids, used.all_districts, used.language,
                clock_timestamp() + least(sign_in.lifetime, interval '7 days'));
    insert into data.audit (role, person, login, action, object, rows, detail)
        values ('gridwarden_' || used.role, used.person, session_user, 'sign in',
                'access.credential', 1, jsonb_build_object('link', used.id));
    return true;
end
$$;

create function api.sign_out(session bytea) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    ended access.credential;
begin
    update access.credential c
        set revoked_at = clock_timestamp()
        where c.hash = sign_out.session and c.kind = 'session' and c.revoked_at is null
        returning c.* into ended;
    if not found then
        return false;
    end if;
    insert into data.audit (role, person, login, action, object, rows, detail)
        values ('gridwarden_' || ended.role, ended.person, session_user, 'sign out',
                'access.credential', 1, jsonb_build_object('session', ended.id));
    return true;
end
$$;

-- Which organisation, or district, somebody means: the one of that number, else those of that
-- code, name or source id. The caller refuses none and several alike, and several by their words.
create function api.organisations_called(called text) returns table (id bigint, told text)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    with fits as (
        select o.id, concat_ws(' ', o.id, o.name, o.code) as told, o.id::text = called as exact
        from data.organisations o
        where called in (o.id::text, o.code, o.name, o.source_id))
    select f.id, f.told from fits f
    where f.exact or not exists (select from fits x where x.exact)
    order by f.id
$$;

create function api.districts_called(called text) returns table (id bigint, told text)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    with fits as (
        select d.id, concat_ws(' ', d.id, d.name, d.code) as told, d.id::text = called as exact
        from data.districts d
        where called in (d.id::text, d.code, d.name, d.source_id))
    select f.id, f.told from fits f
    where f.exact or not exists (select from fits x where x.exact)
    order by f.id
$$;

grant execute on function api.organisations_called(text), api.districts_called(text) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_security, gridwarden_auditor;

-- What runs, for who keeps the service running: no subject, no words, no person.
create view api.job_overview as
    select id, kind, role, state, done, total, unit, created_at, started_at, finished_at
    from data.job;

grant select on api.job_overview to gridwarden_administrator;
do $do$
declare
    web text := 'gridwarden_web_' || current_database();
begin
    execute format('grant execute on function api.sign_in(bytea, bytea, interval),'
                   ' api.sign_out(bytea) to %I', web);
end
$do$;
