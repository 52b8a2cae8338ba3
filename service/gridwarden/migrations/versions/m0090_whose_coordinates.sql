alter table data.import
    add column crs text,
    add column because jsonb,
    add column question jsonb,
    add column answered_by text,
    add column claim text;
comment on column data.import.crs is
    'The reading that the rows were placed by: EPSG:n, gcj02, bd09, local:NAME; null until decided.';
comment on column data.import.because is
    'Why: {"key", "detail", "also"}, ends of the keys coordinates.because.<key> of the words.';
comment on column data.import.question is
    'What a held import waits for. It holds places of the file: as secret as its rows.';
comment on column data.import.claim is
    'Kind of file and what it says of its coordinates: by this the same sender is known again.';
create index import_claim on data.import (claim, id desc)
    where claim is not null and answered_by is not null;

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
           i.answered_by
    from data.import i left join data.job j on j.id = i.job_id
    where case when current_setting('role') = 'gridwarden_utility' then api.my_org(i.org_id)
               else api.is_mine(i.role, i.person, '{}') end;

-- Answer what a held import asks, and queue it again. `answer` is {"remove": n}, or {"crs": …},
-- {"north_first": …} or both. Gives {"job"}, or {"held"} (the number it is held for, when another
-- was said), {"question"} (what it asks, when something else was answered), {"state"} of one that
-- is not held, or null for one that the caller may not import.
drop function api.answer_import(bigint, bigint);
create function api.answer_import(import bigint, answer jsonb) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    asked data.import;
    job_state text;
    kind text;
    who text := nullif(current_setting('gridwarden.person', true), '');
    said jsonb;
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
    end if;
    kind := coalesce(asked.question ->> 'kind', 'remove');
    if (kind = 'remove') <> (answer_import.answer ? 'remove') then
        return jsonb_build_object('question', kind);
    elsif kind = 'remove' then
        if to_jsonb(asked.removed) is distinct from answer_import.answer -> 'remove' then
            return jsonb_build_object('held', asked.removed);
        end if;
        said := jsonb_build_object('remove', asked.removed);
    else
        said := jsonb_strip_nulls(jsonb_build_object('crs', answer_import.answer -> 'crs',
            'north_first', answer_import.answer -> 'north_first'));
        said := said || jsonb_build_object('answered', (
            select jsonb_agg(distinct one) from (
                select jsonb_array_elements_text(coalesce(asked.ask -> 'answered', '[]'))
                union all select jsonb_object_keys(said)) all_of (one)));
    end if;
    update data.import i set state = 'queued', say = null, question = null, ask = i.ask || said,
        answered_by = case when kind = 'remove' then coalesce(i.answered_by, who)
                           else who end
        where i.id = asked.id;
    update data.job j set state = 'queued', done = 0, say = '{}' where j.id = asked.job_id;
    perform data.defer_job(asked.job_id, 'import ' || asked.job_id);
    perform api.record('import_answer', asked.layer, jsonb_build_object(
        'import', asked.id, 'dataset', asked.dataset) || (said - 'answered'));
    return jsonb_build_object('job', asked.job_id);
end
$$;
revoke all on function api.answer_import(bigint, jsonb) from public;
grant execute on function api.answer_import(bigint, jsonb) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
