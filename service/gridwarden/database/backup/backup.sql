-- name: snapshot
-- The snapshot that pg_dump reads by, and what is noted of it; `owner`: whose the tables are.
select pg_export_snapshot() as snapshot,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint as next_xid,
    (select system_identifier::text from pg_control_system()) as epoch,
    current_setting('server_version_num')::int / 10000 as postgresql,
    (select pg_get_userbyid(c.relowner) from pg_class c where c.oid = to_regclass('data.audit_seal'))
        as owner,
    pg_database_size(current_database()) as database_size

-- name: chain
-- The end of the sealed audit, and the newest migration.
select coalesce((select encode(s.head, 'hex') from data.audit_seal s order by s.number desc limit 1), ''),
    coalesce((select max(s.number) from data.audit_seal s), 0),
    (select max(v.version_num) from public.alembic_version v)

-- name: tables
-- Every table that is ours, in the order of its name: none of an extension's, none of somebody
-- else's who keeps more in this database.
select n.nspname, c.relname
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence <> 't'
  and c.relowner = current_user::regrole
  and (n.nspowner = current_user::regrole or n.nspname = 'public')
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                  and d.deptype = 'e')
order by 1, 2

-- name: beside
-- What others keep in this database, as pg_dump is told to leave it out: whole schemas, and single
-- relations (tables, views, sequences) in those that are shared.
select 'schema' as kind, quote_ident(n.nspname) as name
from pg_namespace n
where n.nspowner <> current_user::regrole and n.nspname <> 'public'
  and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid
                  and d.deptype = 'e')
union all
select 'table', quote_ident(n.nspname) || '.' || quote_ident(c.relname)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relowner <> current_user::regrole and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  and c.relpersistence <> 't'
  and (n.nspowner = current_user::regrole or n.nspname = 'public')
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                  and d.deptype = 'e')
order by 1, 2

-- name: leaning
-- What others made over our tables, types and functions, or keep in our schemas: it would go with
-- them. A rule, a constraint, a default, a trigger and a policy are told by what they are part of.
with ours as (
    select n.oid, n.nspname::text as schema from pg_namespace n where n.nspname = any (%(schemas)s)
), found as (
    select coalesce(whole.classid, d.classid) as classid, coalesce(whole.objid, d.objid) as objid
    from pg_depend d
    cross join lateral pg_identify_object(d.refclassid, d.refobjid, 0) under
    left join lateral (
        select 'pg_class'::regclass as classid, r.ev_class as objid
        from pg_rewrite r where d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
        union all
        select 'pg_class'::regclass, a.adrelid
        from pg_attrdef a where d.classid = 'pg_attrdef'::regclass and a.oid = d.objid
        union all
        select 'pg_class'::regclass, t.tgrelid
        from pg_trigger t where d.classid = 'pg_trigger'::regclass and t.oid = d.objid
        union all
        select 'pg_class'::regclass, p.polrelid
        from pg_policy p where d.classid = 'pg_policy'::regclass and p.oid = d.objid
        union all
        select 'pg_class'::regclass, c.conrelid
        from pg_constraint c
        where d.classid = 'pg_constraint'::regclass and c.oid = d.objid and c.conrelid <> 0
        union all
        select 'pg_type'::regclass, c.contypid
        from pg_constraint c
        where d.classid = 'pg_constraint'::regclass and c.oid = d.objid and c.contypid <> 0
    ) whole on true
    where d.deptype in ('n', 'a') and d.refclassid in
        ('pg_class'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass)
      and under.schema in (select o.schema from ours o)
)
select over.identity
from found f, lateral pg_identify_object(f.classid, f.objid, 0) over
where over.schema is not null and over.schema not in (select o.schema from ours o)
  and over.schema not like 'pg\_%%'
union
select within.identity
from pg_class c, lateral pg_identify_object('pg_class'::regclass, c.oid, 0) within
where c.relnamespace in (select o.oid from ours o) and c.relowner <> current_user::regrole
  and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
union
select within.identity
from pg_proc p, lateral pg_identify_object('pg_proc'::regclass, p.oid, 0) within
where p.pronamespace in (select o.oid from ours o) and p.proowner <> current_user::regrole
order by 1

-- name: anything
-- Whether the database holds anything of Gridwarden's.
select exists (select from pg_namespace where nspname in ('access', 'api', 'data', 'jobs'))
    or to_regclass('public.alembic_version') is not null

-- name: roles
select rolname from pg_roles

-- name: at_work
-- Sessions of the service, the worker and others on this database, besides this one.
select count(*) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'

-- name: reached
-- The number that the next transaction gets here, at least.
select pg_snapshot_xmax(pg_current_snapshot())::text::bigint

-- name: raise
-- Use transaction numbers up, a commit each, until they are past those of the archive.
do $$
declare
    most constant bigint := current_setting('gridwarden.past')::bigint;
begin
    for n in 1 .. current_setting('gridwarden.step')::int loop
        exit when pg_current_xact_id()::text::bigint > most;
        commit;
    end loop;
end
$$

-- name: alone
-- No two restores of a database at once, and nobody asks for the outcome of one that is at it.
select pg_advisory_xact_lock(hashtextextended('gridwarden restore', 0))

-- name: restored
-- Whether the database is what this archive held.
select exists (select from data.restoration r where r.archive = %(archive)s)
