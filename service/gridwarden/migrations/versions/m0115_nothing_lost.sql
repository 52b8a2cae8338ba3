-- What an import would change, which rows it knew again without an identity, and every trouble of
-- a row that could not be taken.
alter table data.quarantine add column more jsonb not null default '[]';
comment on column data.quarantine.more is
    'Further troubles of the row, [{"reason", "column", "value"}]: the first is the row''s own.';
alter table data.import add column matched bigint, add column rollback_to integer;
comment on column data.import.matched is
    'Rows without an identity of their own that were known again (data.identity_match).';
comment on column data.import.rollback_to is
    'This is no file: it brings the dataset back to that version.';
alter table data.dataset_version add column rolled_back_to integer;

-- What a dry run, or an import that waits for an answer, would change. It carries places and goes
-- with the import's file.
create table data.import_change (
    import_id bigint not null references data.import on delete cascade,
    n integer not null,
    op text not null check (op in ('insert', 'update', 'delete')),
    feature_id bigint,
    source_id text,
    org_id bigint,
    before geometry,
    after geometry,
    changed jsonb not null,
    primary key (import_id, n)
);
comment on table data.import_change is
    'At most 5,000 an import, of each operation alike; the full counts stand in the import. '
    '`changed` is {column: [old, new]}.';

create table data.identity_match (
    import_id bigint not null references data.import on delete cascade,
    feature_id bigint not null,
    by text not null check (by in ('shape', 'attributes', 'key')),
    distance_m double precision,
    primary key (import_id, feature_id)
);
comment on table data.identity_match is
    'Features whose source names no row, known again by `shape` (the same to 1 mm), by '
    '`attributes` (all the same, the shape within 2 m) or by `key` (code and name the same, the '
    'shape within 2 m). `distance_m` is between the two shapes; nothing where there are none.';

create or replace view api.import as
    select i.id, i.layer, i.dataset,
           case when i.state = 'held' then coalesce(j.state, i.state)
                when i.state in ('queued', 'running') and j.state in ('failed', 'cancelled')
                then j.state else i.state end as state, i.dry_run, i.ask, i.org_id, i.file_name, i.bytes,
           i.sha256, i.job_id, i.screen_job_id, i.rows_in, i.rows_left_out, i.rows_good,
           i.repaired, i.quarantined, i.reasons, i.added, i.changed, i.removed, i.kept, i.version,
           i.notes, case when i.state = 'held' and j.state = 'cancelled' then null else i.say end as say,
           i.person, i.created_at, i.started_at, i.finished_at,
           i.crs, i.because,
           case when i.state = 'held' and j.state = 'held' then i.question end as question,
           i.answered_by, i.matched, i.rollback_to
    from data.import i left join data.job j on j.id = i.job_id
    where case when current_setting('role') = 'gridwarden_utility' then api.my_org(i.org_id)
               else api.is_mine(i.role, i.person, '{}') end;

-- Of mains only who may see them: a company its own rows, the bureau after a recorded look those of
-- its districts. What somebody's own file would add is theirs already.
create view api.import_change as
    select c.import_id, c.n, c.op, c.feature_id, c.source_id, c.before, c.after, c.changed
    from data.import_change c
    join api.import i on i.id = c.import_id
    join data.layer l on l.id = i.layer
    where not l.secret
       or c.op = 'insert' and i.rollback_to is null
       or case when current_setting('role') = 'gridwarden_utility' then api.my_org(c.org_id)
               else api.may_look() and (api.my_district(null) or exists (
                    select from data.districts d
                    where api.my_district(d.id)
                      and st_intersects(d.geom, coalesce(c.before, c.after)))) end;

create or replace view api.reject as
    select q.import_id, q.row, q.reason, q.column_name, q.value, q.source_id, q.more
    from data.quarantine q join api.import i on i.id = q.import_id;

-- The same shape: as many vertices, each within 1 mm of its own.
create function data.same_place(a geometry, b geometry) returns boolean
    language sql immutable parallel safe set search_path = pg_catalog, public, pg_temp as
$$
    select a is null and b is null
        or st_geometrytype(a) = st_geometrytype(b) and st_npoints(a) = st_npoints(b)
           and not exists (select from st_dumppoints(a) p full join st_dumppoints(b) q using (path)
                           where st_distance(p.geom, q.geom) is null
                              or st_distance(p.geom, q.geom) > 0.001)
$$;

-- How far two shapes are apart, metres: the greatest distance from one to the other (Hausdorff).
-- Null for shapes that cannot be one thing: of another kind, or polygons that share less than half
-- of the ground they cover. Two shapes of very many vertices are one thing only when they are the
-- same to 1 mm.
create function data.apart_m(a geometry, b geometry) returns double precision
    language sql immutable parallel safe set search_path = pg_catalog, public, pg_temp as
$$
    select case
        when data.same_place(a, b) then 0
        when st_dimension(a) <> st_dimension(b) then null
        when st_npoints(a)::bigint * st_npoints(b) > 4000000 then null
        when st_dimension(a) = 2
             and st_area(st_intersection(a, b)) * 2 < st_area(st_union(a, b)) then null
        else st_hausdorffdistance(a, b) end
$$;

-- As before, and tables for what is known again: `known_as` is the identity that a staged row has
-- in the dataset where that is another one; `feature_id`, `feature_version` what a row that comes
-- back goes on with; `refused` the shapes of rejected rows that name no identity.
create or replace function data.make_staging(layer text, columns text[]) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
begin
    execute format('create temp table staging on commit drop as
        select 0::bigint as row_no, null::text as known_as, null::bigint as feature_id,
               null::integer as feature_version, %s from data.%I with no data',
        (select string_agg(quote_ident(c), ', ') from unnest(columns) c), layer);
    create temp table difference (id bigint, row_no bigint, op text) on commit drop;
    create temp table refused (row_no bigint, geom geometry) on commit drop;
    create temp table matched (id bigint, row_no bigint, by text, distance_m double precision)
        on commit drop;
    grant select, insert, update, delete on pg_temp.staging, pg_temp.difference, pg_temp.refused,
        pg_temp.matched to gridwarden_import;
end
$$;

-- Rows of either side that nobody names and the other side lacks: `was` of the dataset, `comes` of
-- the file. `at` is the middle of the shape's box, `attributes` and `key` are hashes. False where
-- one of them is empty, so that there is nothing to know again.
create function data.make_matching(layer text, dataset bigint, columns text[]) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    unnamed boolean;
    shown constant text := 'x.geom, st_centroid(st_envelope(x.geom)) as at, md5(row('
        || (select string_agg(format('x.%I', c), ', ') from unnest(columns) c)
        || ')::text) as attributes, case when coalesce(x.code, x.name) is not null
           then md5(row(x.code, x.name)::text) end as key';
begin
    create temp table pairs (id bigint, row_no bigint, by text, distance_m double precision)
        on commit drop;
    grant select, insert on pg_temp.pairs to gridwarden_import;
    execute format('select exists (select from data.%I x
        where x.dataset_id = $1 and x.source_id like ''content:%%'')', layer)
        into unnamed using dataset;
    if not unnamed then
        return false;
    end if;
    -- Without it the planner may compare every row that nobody names with every staged one.
    create index on pg_temp.staging (source_id);
    execute format('create temp table was on commit drop as
        select x.id, x.source_id, %s from data.%I x
        where x.dataset_id = $1 and x.source_id like ''content:%%'' and not exists
            (select from pg_temp.staging s where s.source_id = x.source_id)', shown, layer)
        using dataset;
    execute format('create temp table comes on commit drop as
        select x.row_no, x.source_id, %s from pg_temp.staging x
        where x.source_id like ''content:%%'' and not exists (select from data.%I d
            where d.dataset_id = $1 and d.source_id = x.source_id)', shown, layer)
        using dataset;
    grant select on pg_temp.was, pg_temp.comes to gridwarden_import;
    if not exists (select from pg_temp.was) then
        return false;
    end if;
    create index on pg_temp.was using gist (at);
    create index on pg_temp.comes using gist (at);
    create index on pg_temp.was (id);
    create index on pg_temp.comes (row_no);
    analyze pg_temp.was;
    analyze pg_temp.comes;
    analyze pg_temp.refused;
    return true;
end
$$;

-- Publish what a dry run has shown, without the file being sent again. Gives {"job"}, or {"state"}
-- of an import that is no ended dry run, or {"moved": the dataset's version now}, or null for one
-- that the caller may not import.
create function api.publish_import(import bigint, remove bigint) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    asked data.import;
    now_at integer;
begin
    select i.* into asked from data.import i
        where i.id = publish_import.import
          and exists (select from data.layer l
                      where l.id = i.layer and api.role() = any (l.importers))
          and (current_setting('role') <> 'gridwarden_utility' or api.my_org(i.org_id))
        for update;
    if asked.id is null then
        return null;
    elsif asked.state <> 'checked' then
        return jsonb_build_object('state', asked.state);
    end if;
    select d.version into now_at from data.dataset d
        where d.layer = asked.layer and d.name = asked.dataset;
    if coalesce(now_at, 0) <> asked.version then
        return jsonb_build_object('moved', now_at, 'dataset', asked.dataset);
    end if;
    update data.import i set state = 'queued', dry_run = false, say = null, finished_at = null,
        ask = i.ask || jsonb_build_object('dry_run', false, 'remove', publish_import.remove,
            'expects', jsonb_build_object('version', i.version, 'added', i.added,
                                          'changed', i.changed, 'removed', i.removed))
        where i.id = asked.id;
    update data.job j set state = 'queued', done = 0, say = '{}', finished_at = null
        where j.id = asked.job_id;
    perform data.defer_job(asked.job_id, 'import ' || asked.job_id);
    perform api.record('import_publish', asked.layer, jsonb_build_object(
        'import', asked.id, 'dataset', asked.dataset, 'version', asked.version));
    return jsonb_build_object('job', asked.job_id, 'back', asked.rollback_to is not null);
end
$$;

revoke all on function data.same_place(geometry, geometry), data.apart_m(geometry, geometry),
    data.make_matching(text, bigint, text[]), api.publish_import(bigint, bigint) from public;
grant execute on function data.same_place(geometry, geometry), data.apart_m(geometry, geometry),
    data.make_matching(text, bigint, text[]) to gridwarden_import;
grant execute on function api.publish_import(bigint, bigint) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
grant select on api.import_change to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
grant select, insert, delete on data.import_change, data.identity_match to gridwarden_import;
grant update on data.quarantine to gridwarden_import;
