-- name: size
select pg_database_size(%(name)s)

-- name: there
select exists (select from pg_database where datname = %(name)s)

-- name: copy
create database {copy} template {name} owner {owner} strategy file_copy

-- name: close
revoke all on database {copy} from public

-- name: drop
drop database if exists {name} with (force)

-- name: rename
alter database {copy} rename to {name}

-- name: end
select pg_terminate_backend(a.pid, 10000) from pg_stat_activity a
where a.datname = current_database() and a.usename = current_user and a.pid <> pg_backend_pid()

-- name: sealed
-- The audit's head at an earlier seal.
select encode(s.head, 'hex') from data.audit_seal s where s.number = %(number)s
