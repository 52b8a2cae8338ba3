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

-- name: sealed
-- The audit's head at an earlier seal.
select encode(s.head, 'hex') from data.audit_seal s where s.number = %(number)s
