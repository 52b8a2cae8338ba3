-- name: administrators
select count(*) filter (where role = 'administrator' and disabled_at is null),
       count(*) filter (where role = 'security' and disabled_at is null),
       count(*) filter (where role = 'auditor' and disabled_at is null),
       (select count(*) from (
            select access.plain(full_name) from access.account
            where role in ('administrator', 'security', 'auditor') and disabled_at is null
            group by 1 having count(distinct role) > 1) twice),
       (select count(*) from pg_trigger
        where tgname = 'one_administrator' and tgenabled = 'O'
          and tgrelid in ('access.account'::regclass, 'access.credential'::regclass))
from access.account

-- name: factors
select count(*), count(*) filter (where totp is null)
from access.account
where disabled_at is null and role = any (%(roles)s)

-- name: by_provider
select count(*), count(*) filter (where role in ('administrator', 'security', 'auditor'))
from access.account
where disabled_at is null and issuer is not null

-- name: passwords
select count(*) filter (where password_hash is not null),
       count(*) filter (where password_hash is not null and password_hash not like '$argon2id$%%'),
       count(*) filter (where password_at < clock_timestamp() - make_interval(days => %(days)s)
                          and not must_change),
       (select count(*) from access.former_password where hash not like '$argon2id$%%'),
       (select count(*) from access.credential where octet_length(hash) <> 32)
from access.account
where disabled_at is null

-- name: dormant
select count(*) filter (where what = 'account'), count(*) filter (where what = 'key')
from api.dormant(%(days)s)

-- name: outlived
select count(*) filter (where revoked_at is null and expires_at > clock_timestamp()),
       count(*) filter (where revoked_at is null and expires_at > clock_timestamp()
                          and expires_at > created_at + interval '400 days')
from access.credential where kind = 'key'

-- name: grants
select n.nspname || '.' || c.relname, coalesce(r.rolname, 'public'), lower(x.privilege_type)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace and n.nspname = any (%(schemas)s)
cross join lateral (
    select grantee, privilege_type from aclexplode(c.relacl)
    union
    select y.grantee, y.privilege_type from pg_attribute a, aclexplode(a.attacl) y
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) x
left join pg_roles r on r.oid = x.grantee
where c.relkind in ('r', 'p', 'v', 'm') and x.grantee <> c.relowner

-- name: executes
select p.oid::regprocedure::text, coalesce(r.rolname, 'public')
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace and n.nspname = any (%(schemas)s)
cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
left join pg_roles r on r.oid = x.grantee
where x.grantee <> p.proowner

-- name: telltales
select count(*), count(*) filter (where has_function_privilege('public', p.oid, 'execute'))
from pg_proc p
where p.proname = any (%(names)s)

-- name: bare
select count(*), count(*) filter (where rolsuper or rolinherit or rolcreaterole or rolcreatedb
                                        or rolbypassrls or rolreplication)
from pg_roles where rolname = any (%(names)s)

-- name: mains_of_administrators
select count(*) from pg_class c
join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('api', 'data')
cross join unnest(%(roles)s::text[]) r(role)
where c.relname ~ '^(gas_pipelines|main_piece|gas_pipelines_exact|history)$'
  and c.relkind in ('r', 'p', 'v', 'm')
  and (has_table_privilege(r.role, c.oid, 'select')
       or has_any_column_privilege(r.role, c.oid, 'select'))

-- name: seals
select coalesce(max(number), 0), extract(epoch from clock_timestamp() - max(sealed_at))::bigint,
       (select count(*) from data.audit a
        where a.id > coalesce((select max(upto) from data.audit_seal), 0)
          and a.at < clock_timestamp() - make_interval(secs => %(late)s))
from data.audit_seal

-- name: forwarded
select coalesce((select seal from data.audit_forward where target = %(target)s), 0),
       coalesce((select max(number) from data.audit_seal
                 where sealed_at < clock_timestamp() - make_interval(secs => %(late)s)), 0)

-- name: triggers
select count(*), count(*) filter (where t.tgenabled <> 'O'),
       count(*) filter (where p.proname = 'audit_stays' and t.tgenabled = 'O')
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('access', 'data')
join pg_proc p on p.oid = t.tgfoid
where not t.tgisinternal

-- name: listens
select current_setting('listen_addresses'), current_setting('password_encryption'),
       coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)

-- name: readers_of
select coalesce(array_agg(r.rolname order by r.rolname), '{}')
from pg_roles r
where r.rolname like 'gridwarden\_%%'
  and r.rolname <> pg_get_userbyid((select relowner from pg_class
                                   where oid = 'access.account'::regclass))
  and not r.rolsuper
  and (has_table_privilege(r.rolname, 'api.account', 'select')
       or has_any_column_privilege(r.rolname, 'api.account', 'select'))

-- name: totps
select count(*) filter (where totp is not null),
       count(*) filter (where totp ~ '^[A-Z2-7=]+$')
from access.account
