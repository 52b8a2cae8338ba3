revoke update on data.quarantine from gridwarden_import;
drop function api.publish_import(bigint, bigint);
drop function data.make_matching(text, bigint, text[]);
drop function data.apart_m(geometry, geometry);
drop function data.same_place(geometry, geometry);
create or replace function data.make_staging(layer text, columns text[]) returns void
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

drop view api.import_change;
drop view api.job;
drop view api.reject;
drop view api.import;
drop table data.identity_match;
drop table data.import_change;
alter table data.dataset_version drop column rolled_back_to;
alter table data.import drop column matched, drop column rollback_to;
alter table data.quarantine drop column more;
create view api.import as
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
           i.answered_by
    from data.import i left join data.job j on j.id = i.job_id
    where case when current_setting('role') = 'gridwarden_utility' then api.my_org(i.org_id)
               else api.is_mine(i.role, i.person, '{}') end;

create view api.job as
    select j.id, j.kind, j.subject_id, j.state, j.done, j.total, j.unit,
           case when api.is_mine(j.role, j.person, j.org_ids) or j.kind = 'import'
                then j.say else '{}'::jsonb end as say,
           j.cancel, j.created_at, j.started_at, j.finished_at
    from data.job j
    where api.is_mine(j.role, j.person, j.org_ids)
       or exists (select from api.import i where i.job_id = j.id or i.screen_job_id = j.id);

create view api.reject as
    select q.import_id, q.row, q.reason, q.column_name, q.value, q.source_id
    from data.quarantine q join api.import i on i.id = q.import_id;

grant select on api.import, api.reject to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
grant select on api.job to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator;
