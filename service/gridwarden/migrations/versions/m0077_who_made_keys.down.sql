create or replace function api.sign_in(link bytea, session bytea, lifetime interval) returns boolean
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

create or replace function api.caller_of(kind text, hash bytea) returns jsonb
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select jsonb_build_object('role', c.role, 'person', c.person, 'org_ids', c.org_ids,
        'district_ids', c.district_ids, 'all_districts', c.all_districts, 'language', c.language)
    from access.credential c
    where c.hash = caller_of.hash and c.kind = caller_of.kind and c.revoked_at is null
      and c.expires_at > clock_timestamp() and (c.kind <> 'link' or c.used_at is null)
$$;

drop function api.made_by();
alter table access.credential drop column made_by;
