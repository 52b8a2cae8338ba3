-- A dataset's versions, the rows that each had, and the way back to one of them.

create view api.dataset_version as
    select v.dataset_id, v.version, v.import_id, i.file_name, v.person, v.added, v.changed, v.removed,
           v.rolled_back_to, v.published_at
    from data.dataset_version v
    join api.dataset d on d.id = v.dataset_id
    left join api.import i on i.id = v.import_id;

-- The rows of a dataset as they stood when its version was published.
--
-- Transaction ids do not order publications: one that began to stage first may be the second to
-- get the dataset's lock. What orders them is that lock: the next one compares and writes only
-- after the one before has committed, and takes the next number. So what a publication wrote or
-- ended (its transaction stands in both tables) belongs to version n when its own number is at most
-- n. An edit by another path has no number; it belongs when it was written before the version was
-- written down, which is the last thing that a publication does, after all its own rows. Versions
-- of one feature follow each other under its row lock, so the last one that belongs is the one that
-- stood; it counts unless its end belongs, too.
create function data.version_rows(layer text, dataset bigint, version integer)
    returns table (feature_id bigint, geom geometry, "row" jsonb)
    language sql stable set search_path = pg_catalog, public, pg_temp as
$$
    with asked as (
        select v.published_at from data.dataset_version v
        where v.dataset_id = version_rows.dataset and v.version = version_rows.version)
    select l.feature_id, l.geom, l.row
    from (select distinct on (h.feature_id) h.feature_id, h.geom, h.row,
                 h.xid_to is not null and case
                     when ender.version is not null then ender.version <= version_rows.version
                     else upper(h.valid) <= asked.published_at end as ended
          from data.history h
          cross join asked
          left join data.dataset_version writer
                 on writer.dataset_id = version_rows.dataset and writer.xid = h.xid_from
          left join data.dataset_version ender
                 on ender.dataset_id = version_rows.dataset and ender.xid = h.xid_to
          where h.layer = version_rows.layer
            and (h.row ->> 'dataset_id')::bigint = version_rows.dataset
            and case when writer.version is not null then writer.version <= version_rows.version
                     else lower(h.valid) <= asked.published_at end
          order by h.feature_id, h.version desc) l
    where not l.ended
$$;

-- Stage the rows of a version; how many. A row is known by its identity in the dataset; where that
-- is not there any more, by its id, if that still is; else it comes back under its old id and its
-- history goes on.
create function data.stage_version(layer text, dataset bigint, version integer, columns text[])
    returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    staged bigint;
begin
    execute format('
        with these as materialized (
            select v.feature_id, v.geom as shape, r.*
            from data.version_rows(%1$L, $1, $2) v
            cross join lateral jsonb_populate_record(null::data.%1$I, v.row) r),
        met as (
            select v.feature_id, named.id is null and same.id is not null and not exists
                       (select from these o where o.source_id = same.source_id) as renamed,
                   named.id is null as lost, same.id as same_id, same.source_id as known_as
            from these v
            left join data.%1$I named on named.dataset_id = $1 and named.source_id = v.source_id
            left join data.%1$I same on same.id = v.feature_id)
        insert into pg_temp.staging (row_no, known_as, feature_id, feature_version, %2$s)
        select row_number() over (order by v.feature_id),
               case when m.renamed then m.known_as end,
               case when not m.lost or m.renamed then null
                    when m.same_id is null then v.feature_id
                    else nextval(pg_get_serial_sequence(%3$L, ''id'')) end,
               case when not m.lost or m.renamed then null
                    when m.same_id is null then (select max(h.version) + 1 from data.history h
                        where h.layer = %1$L and h.feature_id = v.feature_id)
                    else 1 end,
               %4$s
        from these v join met m using (feature_id)',
        layer, (select string_agg(quote_ident(c), ', ') from unnest(columns) c),
        'data.' || layer,
        (select string_agg(case c when 'geom' then 'v.shape' else format('v.%I', c) end, ', ')
         from unnest(columns) c))
        using dataset, version;
    get diagnostics staged = row_count;
    return staged;
end
$$;

-- How many features of a dataset were edited by other paths than publications since a version;
-- null for a dataset that the caller may not see.
create function api.edits_since(dataset bigint, version integer) returns jsonb
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select (select jsonb_build_object('features', count(distinct e.feature_id),
                'first_at', min(e.at), 'last_at', max(e.at))
            from data.history h
            cross join lateral (values (h.feature_id, h.xid_from, lower(h.valid)),
                                       (h.feature_id, h.xid_to, upper(h.valid))) e(feature_id, xid, at)
            where h.layer = d.layer and (h.row ->> 'dataset_id')::bigint = d.id
              and e.xid is not null and e.at > v.published_at
              and not exists (select from data.dataset_version w
                              where w.dataset_id = d.id and w.xid = e.xid))
    from api.dataset d
    join data.dataset_version v on v.dataset_id = d.id and v.version = edits_since.version
    where d.id = edits_since.dataset
$$;

-- Ask for a version to come back: an import without a file. Gives {"import", "job"}, or {"versions"}
-- (the newest one) when there is no such version, or null for a dataset that the caller may not
-- see or import.
create function api.roll_back(dataset bigint, version integer, dry_run boolean, remove bigint)
    returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    asked data.dataset;
    made bigint;
    job bigint;
begin
    select d.* into asked from data.dataset d
        where d.id = roll_back.dataset
          and exists (select from api.dataset v where v.id = d.id)
          and exists (select from data.layer l
                      where l.id = d.layer and api.role() = any (l.importers))
          and (current_setting('role') <> 'gridwarden_utility' or api.my_org(d.org_id));
    if asked.id is null then
        return null;
    elsif not exists (select from data.dataset_version v
                      where v.dataset_id = asked.id and v.version = roll_back.version) then
        return jsonb_build_object('versions', asked.version);
    end if;
    insert into data.import (layer, dataset, file_name, bytes, sha256, ask, org_id, dry_run, rollback_to)
        values (asked.layer, asked.name, '', 0, '', jsonb_build_object('layer', asked.layer,
                    'dataset', asked.name, 'dry_run', roll_back.dry_run,
                    'remove', roll_back.remove, 'rollback_to', roll_back.version),
                asked.org_id, roll_back.dry_run, roll_back.version)
        returning id into made;
    job := api.queue_job('import', made, 'import ' || asked.layer || ' ' || asked.name);
    update data.import set job_id = job where id = made;
    perform api.record('rollback', asked.layer, jsonb_build_object('import', made, 'dataset',
        asked.name, 'version', roll_back.version, 'dry_run', roll_back.dry_run));
    return jsonb_build_object('import', made, 'job', job);
end
$$;

revoke all on function data.version_rows(text, bigint, integer),
    data.stage_version(text, bigint, integer, text[]), api.edits_since(bigint, integer),
    api.roll_back(bigint, integer, boolean, bigint) from public;
grant execute on function data.stage_version(text, bigint, integer, text[]) to gridwarden_import;
grant execute on function api.edits_since(bigint, integer),
    api.roll_back(bigint, integer, boolean, bigint) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
grant select on api.dataset_version to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
