-- One file that somebody brought, from asked to published.
create table data.import (
    id bigint generated always as identity primary key,
    layer text not null,
    dataset text not null,
    state text not null default 'queued' check (state in
        ('queued', 'running', 'held', 'published', 'unchanged', 'checked', 'failed', 'cancelled')),
    dry_run boolean not null default false,
    ask jsonb not null,
    org_id bigint,
    file_name text not null,
    bytes bigint not null,
    sha256 text not null,
    job_id bigint,
    screen_job_id bigint,
    rows_in bigint,
    rows_left_out bigint,
    rows_good bigint,
    repaired bigint,
    quarantined bigint,
    reasons jsonb not null default '{}',
    added bigint,
    changed bigint,
    removed bigint,
    kept bigint,
    version integer,
    notes jsonb not null default '[]',
    say jsonb,
    role text not null default current_setting('role'),
    person text default nullif(current_setting('gridwarden.person', true), ''),
    created_at timestamptz not null default clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz
);
comment on table data.import is
    '`rows_in` = `rows_left_out` (by where) + `rows_good` + `quarantined`. `kept` are rows of the '
    'dataset whose new version is in quarantine: they stay as they were. `checked` ends a dry run. '
    '`held` waits for somebody to confirm `removed`, more than a tenth of the dataset.';
create index import_dataset on data.import (layer, dataset, id desc);
alter table data.dataset_version
    add foreign key (import_id) references data.import on delete set null;

-- What could not be taken. It carries places (a raw longitude, a name): as secret as the layer.
create table data.quarantine (
    import_id bigint not null references data.import on delete cascade,
    row bigint not null,
    reason text not null,
    column_name text,
    value text,
    source_id text,
    primary key (import_id, row)
);
comment on table data.quarantine is
    'Rejected rows: `row` counts from 1 in the source; one row, one reason, the first found.';

-- A company sees the imports of its own records, everybody else their own. An import whose job
-- was cancelled while it waited, or died, is told by its job; it is held when its job is, too.
create view api.import as
    select i.id, i.layer, i.dataset,
           case when i.state = 'held' then coalesce(j.state, i.state)
                when i.state in ('queued', 'running') and j.state in ('failed', 'cancelled')
                then j.state else i.state end as state, i.dry_run, i.ask, i.org_id, i.file_name, i.bytes,
           i.sha256, i.job_id, i.screen_job_id, i.rows_in, i.rows_left_out, i.rows_good,
           i.repaired, i.quarantined, i.reasons, i.added, i.changed, i.removed, i.kept, i.version,
           i.notes, case when i.state = 'held' and j.state = 'cancelled' then null else i.say end as say,
           i.person, i.created_at, i.started_at, i.finished_at
    from data.import i left join data.job j on j.id = i.job_id
    where case when current_setting('role') = 'gridwarden_utility' then api.my_org(i.org_id)
               else api.is_mine(i.role, i.person, '{}') end;

-- Jobs as people see them: their own, and those that an import of theirs names. Of the screen
-- that an import waits for, queued by a work role, that is state and counts alone.
create view api.job as
    select j.id, j.kind, j.subject_id, j.state, j.done, j.total, j.unit,
           case when api.is_mine(j.role, j.person, j.org_ids) or j.kind = 'import'
                then j.say else '{}'::jsonb end as say,
           j.cancel, j.created_at, j.started_at, j.finished_at
    from data.job j
    where api.is_mine(j.role, j.person, j.org_ids)
       or exists (select from api.import i where i.job_id = j.id or i.screen_job_id = j.id);
create index import_job on data.import (job_id);
create index import_screen_job on data.import (screen_job_id);

create view api.reject as
    select q.import_id, q.row, q.reason, q.column_name, q.value, q.source_id
    from data.quarantine q join api.import i on i.id = q.import_id;

-- A request to import, and its job, in one: null when the dataset is another company's.
-- Raises for a role that the layer does not name.
create function api.bring(layer text, dataset text, file_name text, bytes bigint, sha256 text,
                          ask jsonb, org_id bigint) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    made bigint;
begin
    if not exists (select from data.layer l
                   where l.id = bring.layer and api.role() = any (l.importers)) then
        raise exception 'this role may not bring the layer %', bring.layer
            using errcode = 'insufficient_privilege';
    end if;
    if current_setting('role') = 'gridwarden_utility' and (not api.my_org(bring.org_id)
        or exists (select from data.dataset d
                   where d.layer = bring.layer and d.name = bring.dataset
                     and d.org_id is distinct from bring.org_id)) then
        return null;
    end if;
    insert into data.import (layer, dataset, file_name, bytes, sha256, ask, org_id, dry_run)
        values (bring.layer, bring.dataset, bring.file_name, bring.bytes, bring.sha256, bring.ask,
                bring.org_id, coalesce((bring.ask ->> 'dry_run')::boolean, false))
        returning id into made;
    update data.import set job_id =
        api.queue_job('import', made, 'import ' || bring.layer || ' ' || bring.dataset)
        where id = made;
    perform api.record('import', bring.layer,
        jsonb_build_object('import', made, 'dataset', bring.dataset, 'sha256', bring.sha256));
    return made;
end
$$;

-- Confirm how many rows a held import removes, and queue it again. `layers` are those that the
-- caller's role may import. Gives {"job"}, or {"held"} (the number it is held for, when another
-- was said), or {"state"} of one that is not held, or null for one that the caller may not import.
create function api.answer_import(import bigint, remove bigint) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    asked data.import;
    job_state text;
begin
    select i.* into asked from data.import i
        where i.id = answer_import.import
          and exists (select from data.layer l
                      where l.id = i.layer and api.role() = any (l.importers))
          and (current_setting('role') <> 'gridwarden_utility' or api.my_org(i.org_id))
        for update;
    if asked.id is null then
        return null;
    end if;
    select j.state into job_state from data.job j where j.id = asked.job_id for update;
    if asked.state <> 'held' or job_state is distinct from 'held' then
        return jsonb_build_object('state', case when asked.state in ('queued', 'running', 'held')
            then coalesce(job_state, asked.state) else asked.state end);
    elsif asked.removed is distinct from answer_import.remove then
        return jsonb_build_object('held', asked.removed);
    end if;
    update data.import i set state = 'queued', say = null,
        ask = jsonb_set(i.ask, '{remove}', to_jsonb(answer_import.remove)) where i.id = asked.id;
    update data.job j set state = 'queued', done = 0, say = '{}' where j.id = asked.job_id;
    perform data.defer_job(asked.job_id, 'import ' || asked.job_id);
    perform api.record('import_answer', asked.layer, jsonb_build_object(
        'import', asked.id, 'dataset', asked.dataset, 'remove', answer_import.remove));
    return jsonb_build_object('job', asked.job_id);
end
$$;

revoke all on function api.bring(text, text, text, bigint, text, jsonb, bigint),
    api.answer_import(bigint, bigint) from public;
grant execute on function api.bring(text, text, text, bigint, text, jsonb, bigint),
    api.answer_import(bigint, bigint) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
grant select on api.import, api.reject to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
grant select on api.job to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator;
grant select, update on data.import to gridwarden_import;
grant select, insert, delete on data.quarantine to gridwarden_import;

-- Rows are staged in temporary tables, which end with the transaction and nobody else can see.
-- The owner makes them: temporary tables of one's own are a right on the database, and neither a
-- dump nor a copy carries that.
create function data.make_staging(layer text, columns text[]) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
begin
    execute format('create temp table staging on commit drop as
        select 0::bigint as row_no, %s from data.%I with no data',
        (select string_agg(quote_ident(c), ', ') from unnest(columns) c), layer);
    create temp table difference (id bigint, row_no bigint, op text) on commit drop;
    grant select, insert, update, delete on pg_temp.staging, pg_temp.difference
        to gridwarden_import;
end
$$;

create function data.staging_ready() returns void
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
begin
    create index on pg_temp.staging (row_no);
    analyze pg_temp.staging;
end
$$;

revoke all on function data.make_staging(text, text[]), data.staging_ready() from public;
grant execute on function data.make_staging(text, text[]), data.staging_ready()
    to gridwarden_import;
