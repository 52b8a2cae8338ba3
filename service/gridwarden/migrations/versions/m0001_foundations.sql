-- Schemas: `data` holds what the city is, `api` is all that roles may touch, `access` who they are.
create schema data;
create schema api;
create schema access;


-- The ONE projected metric system of this deployment (EPSG).
create function data.working_srid() returns integer
    language sql immutable parallel safe as 'select {srid}';

---------------------------------------------------------------------------- who asks
create function api.role() returns text
    language sql stable parallel safe as
$$ select nullif(replace(current_setting('role'), 'gridwarden_', ''), 'none') $$;

create function api.person() returns text
    language sql stable parallel safe as
$$ select nullif(current_setting('gridwarden.person', true), '') $$;

-- Unset means none. The array form lets the planner use an index on org_id.
create function api.my_orgs() returns bigint[]
    language sql stable parallel safe as
$$ select string_to_array(nullif(current_setting('gridwarden.orgs', true), ''), ',')::bigint[] $$;

create function api.my_org(org_id bigint) returns boolean
    language sql stable parallel safe as
$$ select coalesce(org_id = any (string_to_array(
       nullif(current_setting('gridwarden.orgs', true), ''), ',')::bigint[]), false) $$;

create function api.my_district(district_id bigint) returns boolean
    language sql stable parallel safe as
$$ select coalesce(current_setting('gridwarden.districts', true) = '*'
       or district_id = any (string_to_array(
           nullif(nullif(current_setting('gridwarden.districts', true), ''), '*'), ',')::bigint[]),
       false) $$;

-- Whose is what was asked for? A company's, whichever of its keys asked; else the person's, in
-- that role: one person's name on two keys must not open one company's work to another.
create function api.is_mine(role text, person text, org_ids bigint[]) returns boolean
    language sql stable parallel safe as
$$
    select coalesce(is_mine.role = current_setting('role')
        and case when is_mine.role = 'gridwarden_utility' and api.my_orgs() is not null
                 then is_mine.org_ids @> api.my_orgs() and is_mine.org_ids <@ api.my_orgs()
                 when is_mine.role = 'gridwarden_utility' and is_mine.org_ids <> '{}' then false
                 else is_mine.person = api.person() end, false)
$$;

-- True only after api.look() in the same transaction.
create function api.may_look() returns boolean
    language sql stable parallel safe as
$$ select coalesce(current_setting('gridwarden.look', true), '') <> '' $$;

create table access.credential (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('key', 'session', 'link')),
    hash bytea not null unique,
    label text,
    role text not null,
    person text not null,
    org_ids bigint[] not null default '{}',
    district_ids bigint[] not null default '{}',
    all_districts boolean not null default false,
    language text not null default 'zh',
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    used_at timestamptz,
    revoked_at timestamptz
);
comment on table access.credential is
    'API keys, browser sessions and one-time login links; only SHA-256 of 256-bit random secrets.';

-- Who holds this secret? Null when nobody, expired, revoked, or a link that was used.
create function api.caller_of(kind text, hash bytea) returns jsonb
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select jsonb_build_object('role', c.role, 'person', c.person, 'org_ids', c.org_ids,
        'district_ids', c.district_ids, 'all_districts', c.all_districts, 'language', c.language)
    from access.credential c
    where c.hash = caller_of.hash and c.kind = caller_of.kind and c.revoked_at is null
      and c.expires_at > clock_timestamp() and (c.kind <> 'link' or c.used_at is null)
$$;

---------------------------------------------------------------------------- audit
create table data.audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    role text not null,
    person text,
    login text not null,
    action text not null,
    object text not null,
    rows bigint,
    detail jsonb not null default '{}'
);
comment on table data.audit is 'Appended in the transaction that it tells of; never changed.';

create function data.audit_stays() returns trigger language plpgsql as
$$
begin
    raise exception 'the audit trail is only ever added to' using errcode = 'GW409';
end
$$;
create trigger audit_stays before update or delete or truncate on data.audit
    for each statement execute function data.audit_stays();
create trigger credential_stays before truncate on access.credential
    for each statement execute function data.audit_stays();

-- `current_user` is the owner in here and `session_user` the login, so the role is read as set.
create function api.record(action text, object text, detail jsonb default '{}', rows bigint default null)
    returns bigint
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    insert into data.audit (role, person, login, action, object, rows, detail)
    values (current_setting('role'), nullif(current_setting('gridwarden.person', true), ''),
            session_user, record.action, record.object, record.rows, coalesce(record.detail, '{}'))
    returning id
$$;

-- A supervisor's look at exact mains: recorded first, allowed for the rest of the transaction.
create function api.look(purpose text) returns bigint
    language plpgsql volatile as
$$
declare
    seen bigint := api.record('look', 'gas_pipelines', jsonb_build_object('purpose', purpose,
        'districts', current_setting('gridwarden.districts', true)));
begin
    perform set_config('gridwarden.look', seen::text, true);
    return seen;
end
$$;

---------------------------------------------------------------------------- datasets
create table data.layer (
    id text primary key,
    secret boolean not null,
    importers text[] not null
);
comment on table data.layer is
    'What each layer''s migration wrote of its file: whether exact places are kept from most '
    'roles, and which roles may bring it.';

create table data.dataset (
    id bigint generated always as identity primary key,
    layer text not null,
    name text not null,
    org_id bigint,
    version integer not null default 0,
    crs text,
    source text,
    published_at timestamptz,
    unique (layer, name)
);
comment on table data.dataset is 'One owner''s part of a layer; a version replaces only that part.';

create table data.dataset_version (
    dataset_id bigint not null references data.dataset on delete cascade,
    version integer not null,
    import_id bigint,
    added bigint not null,
    changed bigint not null,
    removed bigint not null,
    person text,
    xid xid8 not null default pg_current_xact_id(),
    published_at timestamptz not null default clock_timestamp(),
    primary key (dataset_id, version)
);

-- What is loaded: numbers and dates, no geometry. The name of a company's network is its own.
create view api.dataset as
    select d.id, d.layer, d.name, d.org_id, d.version, d.crs, d.published_at
    from data.dataset d join data.layer l on l.id = d.layer
    where not l.secret or current_setting('role') = 'gridwarden_supervisor'
       or current_setting('role') = 'gridwarden_utility' and api.my_org(d.org_id);

---------------------------------------------------------------------------- history and queue
create table data.history (
    layer text not null,
    feature_id bigint not null,
    version integer not null,
    geom geometry,
    row jsonb not null,
    xid_from xid8 not null default pg_current_xact_id(),
    xid_to xid8,
    valid tstzrange not null,
    primary key (layer, feature_id, version)
);
comment on table data.history is
    'Every version of every feature. `valid` is by clock_timestamp(): two legal overlapping '
    'transactions would end in an empty or inverted range with now().';
create index history_open on data.history (layer, feature_id) where xid_to is null;

create table data.change (
    id bigint generated always as identity primary key,
    layer text not null,
    feature_id bigint,
    op text not null check (op in ('insert', 'update', 'delete')),
    old_geom geometry,
    new_geom geometry,
    rows bigint not null default 1,
    bulk boolean not null default false,
    xid xid8 not null default pg_current_xact_id(),
    at timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on table data.change is
    'What screening has not seen yet, with old AND new geometry. A statement that changes more '
    'than 10,000 rows writes one bulk row; its old geometry is read from history.';

-- One function for every layer; PostgreSQL compiles it once per table.
create function data.remember() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    n bigint;
    bulk_from constant bigint := 10000;
    -- Without the shape, which has a column of its own: turned into JSON, only to be dropped from
    -- it, it costs more than all the rest of an import.
    said constant text := (
        select 'to_jsonb(v) from new_rows r cross join lateral (select '
               || string_agg(format('r.%I', a.attname), ', ' order by a.attnum) || ') v'
        from pg_attribute a
        where a.attrelid = tg_relid and a.attnum > 0 and not a.attisdropped and a.attname <> 'geom');
begin
    if tg_op = 'INSERT' then
        select count(*) into n from new_rows;
        if n = 0 then return null; end if;
        execute 'insert into data.history (layer, feature_id, version, geom, valid, row)
            select $1, r.id, r.version, r.geom, tstzrange(clock_timestamp(), null), ' || said
            using tg_table_name::text;
        if n <= bulk_from then
            insert into data.change (layer, feature_id, op, new_geom)
                select tg_table_name, r.id, 'insert', r.geom from new_rows r;
        end if;
    elsif tg_op = 'UPDATE' then
        select count(*) into n from new_rows;
        if n = 0 then return null; end if;
        update data.history h
            set xid_to = pg_current_xact_id(),
                valid = tstzrange(lower(h.valid),
                    greatest(clock_timestamp(), lower(h.valid) + interval '1 microsecond'))
            from old_rows o
            where h.layer = tg_table_name and h.feature_id = o.id and h.xid_to is null;
        execute 'insert into data.history (layer, feature_id, version, geom, valid, row)
            select $1, r.id, r.version, r.geom,
                   tstzrange(greatest(clock_timestamp(), upper(h.valid)), null), ' || said || '
            join old_rows o on o.id = r.id
            join data.history h on h.layer = $1 and h.feature_id = o.id and h.version = o.version'
            using tg_table_name::text;
        if n <= bulk_from then
            insert into data.change (layer, feature_id, op, old_geom, new_geom)
                select tg_table_name, r.id, 'update', o.geom, r.geom
                from new_rows r join old_rows o using (id);
        end if;
    else
        select count(*) into n from old_rows;
        if n = 0 then return null; end if;
        update data.history h
            set xid_to = pg_current_xact_id(),
                valid = tstzrange(lower(h.valid),
                    greatest(clock_timestamp(), lower(h.valid) + interval '1 microsecond'))
            from old_rows o
            where h.layer = tg_table_name and h.feature_id = o.id and h.xid_to is null;
        if n <= bulk_from then
            insert into data.change (layer, feature_id, op, old_geom)
                select tg_table_name, o.id, 'delete', o.geom from old_rows o;
        end if;
    end if;
    if n > bulk_from then
        insert into data.change (layer, op, rows, bulk) values (tg_table_name, lower(tg_op), n, true);
    end if;
    perform api.record(lower(tg_op), tg_table_name::text, '{}', n);
    return null;
end
$$;

-- By whatever path a row is changed, its version rises and its identity stays.
create function data.next_version() returns trigger language plpgsql as
$$
begin
    if new.id <> old.id or new.dataset_id <> old.dataset_id then
        raise exception 'a feature keeps its id and its dataset' using errcode = 'GW409';
    end if;
    new.version := old.version + 1;
    return new;
end
$$;

create function data.no_truncate() returns trigger language plpgsql as
$$
begin
    raise exception 'truncate leaves no history; delete the rows instead' using errcode = 'GW409';
end
$$;

create trigger history_stays before truncate on data.history
    for each statement execute function data.no_truncate();

---------------------------------------------------------------------------- jobs
create table data.job (
    id bigint generated always as identity primary key,
    kind text not null,
    subject_id bigint,
    state text not null default 'queued'
        check (state in ('queued', 'running', 'held', 'finished', 'failed', 'cancelled')),
    done bigint not null default 0,
    total bigint,
    unit text,
    say jsonb not null default '{}',
    cancel boolean not null default false,
    role text not null default current_setting('role'),
    person text default nullif(current_setting('gridwarden.person', true), ''),
    org_ids bigint[] not null default coalesce(string_to_array(
        nullif(current_setting('gridwarden.orgs', true), ''), ',')::bigint[], '{}'),
    created_at timestamptz not null default clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz
);
comment on table data.job is
    'Long work as people see it: state and counts. `say` holds words and counts, never a place.';

create function api.cancel_job(job_id bigint) returns boolean
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    with asked as (
        update data.job set cancel = true,
            state = case when state = 'running' then state else 'cancelled' end,
            finished_at = case when state = 'running' then null else clock_timestamp() end
        where id = job_id and state in ('queued', 'running', 'held')
          and api.is_mine(job.role, job.person, job.org_ids)
        returning 1)
    select exists (select from asked)
$$;

-- The queue itself gets the id alone. `one_at_a_time` names what must not run twice at once.
create function data.defer_job(job bigint, one_at_a_time text) returns void
    language plpgsql volatile set search_path = jobs, pg_catalog, pg_temp as
$$
begin
    perform procrastinate_defer_jobs_v1(array[row(
        'default', 'gridwarden', 0, one_at_a_time, null,
        jsonb_build_object('job_id', job), null)::procrastinate_job_to_defer_v1]);
end
$$;

-- Queued in the caller's transaction: no job without its cause, no cause without its job.
create function api.queue_job(kind text, subject_id bigint default null, one_at_a_time text default null)
    returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    job bigint;
begin
    insert into data.job (kind, subject_id) values (queue_job.kind, queue_job.subject_id)
        returning id into job;
    perform data.defer_job(job, coalesce(one_at_a_time, queue_job.kind || ' ' || job));
    return job;
end
$$;

---------------------------------------------------------------------------- grants
alter default privileges revoke execute on functions from public;
revoke all on all functions in schema api, data, access, jobs from public;

grant usage on schema api to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_security, gridwarden_auditor,
    gridwarden_import, gridwarden_screen, gridwarden_seal;
grant execute on function api.role(), api.person(), api.my_orgs(), api.my_org(bigint),
    api.my_district(bigint), api.may_look(),
    api.is_mine(text, text, bigint[]) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_security, gridwarden_auditor,
    gridwarden_import, gridwarden_screen, gridwarden_seal;
grant execute on function api.record(text, text, jsonb, bigint) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_security, gridwarden_auditor,
    gridwarden_import, gridwarden_screen, gridwarden_seal;
grant execute on function api.look(text) to gridwarden_supervisor;
grant execute on function api.queue_job(text, bigint, text) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator, gridwarden_import;
grant execute on function api.cancel_job(bigint) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
grant select on api.dataset to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator;
grant select, insert, update, delete on access.credential to gridwarden_security;
grant usage on schema access to gridwarden_security;
grant select on data.audit to gridwarden_auditor;
grant usage on schema data to gridwarden_auditor, gridwarden_import, gridwarden_screen, gridwarden_seal;
grant execute on function data.working_srid() to gridwarden_import, gridwarden_screen;
grant select, insert, update on data.dataset, data.dataset_version to gridwarden_import;
grant select on data.dataset to gridwarden_screen;
grant select, delete on data.change to gridwarden_screen;
grant select on data.audit to gridwarden_seal;
grant select, update on data.job to gridwarden_import, gridwarden_screen;

-- The two logins: the web looks keys up; the worker runs the queue's own statements.
do $do$
declare
    web text := 'gridwarden_web_' || current_database();
    worker text := 'gridwarden_worker_' || current_database();
begin
    execute format('grant usage on schema api to %I, %I', web, worker);
    execute format('grant execute on function api.caller_of(text, bytea) to %I', web);
    execute format('grant usage on schema jobs to %I', worker);
    execute format('grant select, insert, update, delete on all tables in schema jobs to %I', worker);
    execute format('grant usage on all sequences in schema jobs to %I', worker);
    execute format('grant execute on all functions in schema jobs to %I', worker);
end
$do$;
