drop function api.answer_import(bigint, jsonb);
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

revoke all on function api.answer_import(bigint, bigint) from public;
grant execute on function api.answer_import(bigint, bigint) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;

drop view api.job;
drop view api.reject;
drop view api.import;
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

create view api.reject as
    select q.import_id, q.row, q.reason, q.column_name, q.value, q.source_id
    from data.quarantine q join api.import i on i.id = q.import_id;
grant select on api.import, api.reject to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
grant select on api.job to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator;
drop index data.import_claim;
alter table data.import
    drop column crs, drop column because, drop column question, drop column answered_by,
    drop column claim;
