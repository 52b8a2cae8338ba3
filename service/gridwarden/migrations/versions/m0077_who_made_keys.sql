-- Who made a key or a login link is kept, and goes with whoever acts by it: one person with two keys
-- is not two people.
alter table access.credential add made_by text;
comment on column access.credential.made_by is
    'Who made the key or link; a session has it of its link.';

-- The audit knows who made those that there are.
update access.credential c set made_by = a.person
from data.audit a
where a.object = 'access.credential' and a.action = 'make ' || c.kind and c.kind in ('key', 'link')
  and a.detail ->> 'id' = c.id::text;
update access.credential s set made_by = l.made_by
from access.credential l
where s.kind = 'session' and l.kind = 'link' and l.role = s.role and l.person = s.person
  and s.created_at between l.used_at and l.used_at + interval '1 second';

-- Who made the key that the caller acts by; null for an account of the machine itself.
create function api.made_by() returns text
    language sql stable parallel safe as
$$ select nullif(current_setting('gridwarden.made_by', true), '') $$;

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

revoke all on function api.made_by() from public;
grant execute on function api.made_by() to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_security, gridwarden_auditor;
