-- name: facts
select current_setting('server_version_num')::int / 10000 as major,
    pg_is_in_recovery() as standby,
    (r.rolcreaterole or r.rolsuper) as createrole,
    pg_has_role(current_user, d.datdba, 'usage') as owns,
    has_database_privilege(d.oid, 'create') as creates,
    pg_encoding_to_char(d.encoding) as encoding,
    d.datctype as locale,
    case when pg_encoding_to_char(d.encoding) = 'UTF8' then lower('Ä') = 'ä' end as letters,
    (select extversion from pg_extension where extname = 'postgis') as postgis,
    d.datconnlimit as of_database,
    r.rolconnlimit as of_owner,
    current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int as of_server
from pg_database d
join pg_roles r on r.rolname = current_user
where d.datname = current_database()

-- name: address
-- where the server is; a socket has no address
select coalesce(host(inet_server_addr()), '')

-- name: library
-- the version of PostGIS's library on the server; its functions in the database may be older
select split_part(postgis_lib_version(), ' ', 1)

-- name: limits
-- how many sessions each of these logins may have
select rolname, rolconnlimit from pg_roles where rolname = any(%(logins)s) and rolconnlimit >= 0
order by 1

-- name: open_functions
-- functions of the extensions that tell of a table without any grant on it, and are still open
select p.oid::regprocedure::text
from pg_proc p
join pg_depend d on d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e'
where p.proname = any(%(names)s) and has_function_privilege('public', p.oid, 'execute')
order by 1
