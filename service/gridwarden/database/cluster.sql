-- name: role_exists
select exists (select from pg_roles where rolname = %(name)s)

-- name: make_owner
create role {name} login createrole nosuperuser nocreatedb password {secret}

-- name: keep_owner
alter role {name} login createrole nosuperuser nocreatedb password {secret}

-- name: database_exists
select exists (select from pg_database where datname = %(name)s)

-- name: make_database
create database {name} owner {owner} template template0 encoding 'UTF8'
    lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'

-- name: close_database
revoke all on database {name} from public

-- name: make_login
create role {name} login noinherit nosuperuser nocreatedb nocreaterole password {secret}

-- name: keep_login
alter role {name} login noinherit password {secret}

-- name: let_in
grant connect on database {database} to {name}

-- name: stamp
comment on database {database} is {text}

-- name: stamps
-- what `up` has noted on this database
select coalesce(shobj_description(oid, 'pg_database'), '')
from pg_database where datname = current_database()

-- name: one_at_a_time
select pg_advisory_xact_lock(hashtextextended('gridwarden ground', 0))

-- name: counts_statements
-- whether the extension that counts statements is installed on this machine
select exists (select from pg_available_extensions where name = 'pg_stat_statements')

-- name: is_bare
select not (rolsuper or rolinherit or rolcreaterole or rolcreatedb or rolbypassrls
        or rolreplication)
    and not exists (select from pg_class where relowner = r.oid)
from pg_roles r where rolname = current_user

-- name: size
select pg_database_size(current_database())

-- name: versions
select current_setting('server_version'),
    (select extversion from pg_extension where extname = 'postgis')
