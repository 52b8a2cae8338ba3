-- One feature at a time: made, replaced, changed in part, removed, guarded by its version.
--
-- Who brings a layer edits it; a company what is its own alone: what lies in its datasets, and its
-- mains in a dataset that is nobody's. What a caller does not see is not there for them. The
-- dataset's row is locked (shared) before the feature's: a publication of the dataset, which locks it
-- alone, comes before or after an edit and never between.

-- What the caller may know of a feature before it is edited: {"version", "dataset", "may"}, and where
-- they may edit it also {"kind", "source_id", "extra"}; null for one that they do not see.
create function api.feature_to_edit(layer text, feature bigint) returns jsonb
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    importer boolean;
    found jsonb;
begin
    select api.role() = any (l.importers) into importer
        from data.layer l where l.id = feature_to_edit.layer;
    if importer is null or not importer
        and not has_table_privilege(current_setting('role'), format('api.%I', layer), 'select') then
        return null;
    end if;
    execute format('
        select jsonb_build_object(''version'', v.version, ''dataset'', d.name, ''may'', $2 and
                   (current_setting(''role'') <> ''gridwarden_utility''
                       or api.my_org(coalesce(d.org_id, v.org_id))),
                   ''kind'', replace(st_geometrytype(v.geom), ''ST_'', ''''),
                   ''source_id'', v.source_id, ''extra'', v.extra)
        from api.%I v join data.dataset d on d.id = v.dataset_id where v.id = $1', layer)
        into found using feature, importer;
    return case when (found ->> 'may')::boolean then found else found - '{kind,source_id,extra}'::text[] end;
end
$$;

-- Take the locks of an edit: {"dataset_id", "org_id", "version"}, or why not: {"gone"}, {"forbidden"},
-- {"busy"} (the dataset is being published), {"stale": the version now}. `expected` null: any.
create function data.held_to_edit(layer text, feature bigint, expected integer[]) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
    set lock_timeout = '3s' as
$$
declare
    part bigint;
    owner bigint;
    now_at integer;
    known jsonb;
begin
    known := api.feature_to_edit(layer, feature);
    if known is null then
        return '{"gone": true}';
    elsif not (known ->> 'may')::boolean then
        return '{"forbidden": true}';
    end if;
    begin
        execute format('select t.dataset_id from data.%I t where t.id = $1', layer)
            into part using feature;
        select d.org_id into owner from data.dataset d where d.id = part for share;
        execute format('select t.version from data.%I t where t.id = $1 for update', layer)
            into now_at using feature;
    exception when lock_not_available then
        return '{"busy": true}';
    end;
    -- Again, now that nobody else moves it: it may have gone where the caller does not see it.
    known := api.feature_to_edit(layer, feature);
    if now_at is null or known is null then
        return '{"gone": true}';
    elsif not (known ->> 'may')::boolean then
        return '{"forbidden": true}';
    elsif now_at <> all (expected) then
        return jsonb_build_object('stale', now_at);
    end if;
    return jsonb_build_object('dataset_id', part, 'org_id', owner, 'version', now_at);
end
$$;

-- The columns of a layer's table that a feature says itself, as names that SQL takes.
create function data.said_columns(layer text) returns text[]
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select array_agg(quote_ident(a.attname) order by a.attnum)
    from pg_attribute a
    where a.attrelid = format('data.%I', layer)::regclass and a.attnum > 0 and not a.attisdropped
      and a.attname not in ('id', 'dataset_id', 'version', 'org_id')
$$;

-- Whose a row is in a dataset that is nobody's: the operator's that it names, as imports have it.
create function data.operator_called(operator text) returns bigint
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select o.id from data.organisations o
    where operator_called.operator in (o.name, o.code, o.source_id) order by o.id limit 1
$$;

-- Why a feature is edited, for its history: `correction` of what was wrong, or nothing said.
create function data.nature_is(nature text) returns void
    language sql volatile set search_path = pg_catalog, pg_temp as
$$
    select set_config('gridwarden.nature',
                      case when nature_is.nature = 'correction' then 'correction' else '' end, true)
$$;

-- Make a feature in a dataset, which is made with it where there is none. `said` holds its columns,
-- `geom` as hexadecimal EWKB in the working CRS. Gives {"id", "version"}, or {"other_owner"}, {"busy"},
-- {"taken": the feature of that identity, null where the caller does not see it; "same": whether it
-- says the same}.
create function api.create_feature(layer text, dataset text, org bigint, said jsonb, nature text)
    returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
    set lock_timeout = '3s' as
$$
declare
    part data.dataset;
    began boolean;
    columns text[] := data.said_columns(layer);
    made jsonb;
begin
    if not exists (select from data.layer l where l.id = create_feature.layer
                                              and api.role() = any (l.importers))
        or current_setting('role') = 'gridwarden_utility' and not api.my_org(org) then
        raise exception 'this role may not edit the layer %', layer
            using errcode = 'insufficient_privilege';
    end if;
    begin
        insert into data.dataset (layer, name, org_id, version, published_at)
            values (create_feature.layer, create_feature.dataset, org, 1, clock_timestamp())
            on conflict do nothing returning true into began;
        select d.* into part from data.dataset d
            where d.layer = create_feature.layer and d.name = create_feature.dataset for share;
    exception when lock_not_available then
        return '{"busy": true}';
    end;
    if part.org_id is distinct from org
        and (org is not null or current_setting('role') = 'gridwarden_utility') then
        return '{"other_owner": true}';
    end if;
    perform data.nature_is(nature);
    execute format('insert into data.%1$I (dataset_id, org_id, %2$s)
        select $2, $3, %2$s from jsonb_populate_record(null::data.%1$I, $1)
        on conflict (dataset_id, source_id) do nothing
        returning jsonb_build_object(''id'', id, ''version'', version)',
        layer, array_to_string(columns, ', '))
        into made
        using said, part.id, coalesce(part.org_id, data.operator_called(said ->> 'operator'));
    if made is null then
        execute format('
            select jsonb_build_object(''taken'', (select v.id from api.%1$I v where v.id = t.id),
                       ''same'', data.same_place(t.geom, r.geom) and (%2$s) is not distinct from (%3$s))
            from data.%1$I t cross join jsonb_populate_record(null::data.%1$I, $1) r
            where t.dataset_id = $2 and t.source_id = r.source_id', layer,
            (select string_agg('t.' || c, ', ') from unnest(columns) c where c not in ('geom', 'repair')),
            (select string_agg('r.' || c, ', ') from unnest(columns) c where c not in ('geom', 'repair')))
            into made using said, part.id;
        return coalesce(made, '{"busy": true}');
    end if;
    if began then
        insert into data.dataset_version (dataset_id, version, added, changed, removed, person)
            values (part.id, 1, 1, 0, 0, api.person());
    end if;
    perform api.record('feature_create', layer, jsonb_strip_nulls(jsonb_build_object(
        'feature', made -> 'id', 'dataset', part.name, 'new_dataset', began, 'nature', nature)));
    return made;
end
$$;

-- Change a feature: the columns that `said` holds, all others stay. `whole` is for the audit. A shape
-- that is the same to 1 mm stays as it was, with what was mended of it; where nothing differs,
-- nothing is written. Gives {"version"}, {"taken": …}, or what data.held_to_edit refuses.
create function api.change_feature(layer text, feature bigint, expected integer[], said jsonb,
                                   whole boolean, nature text) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    held jsonb := data.held_to_edit(layer, feature, expected);
    names text[] := data.said_columns(layer);
    -- A company gives no main away.
    operator text := case when 'operator' = any (names)
                           and current_setting('role') <> 'gridwarden_utility'
        then 'case when r.operator is distinct from o.operator
                   then data.operator_called(r.operator) else o.org_id end' else 'o.org_id' end;
    comes text[];
    taken jsonb;
    now_at integer;
begin
    if not held ? 'dataset_id' then
        return held;
    end if;
    if said ? 'source_id' then
        execute format('
            select jsonb_build_object(''taken'', (select v.id from api.%1$I v where v.id = t.id))
            from data.%1$I t where t.dataset_id = $1 and t.source_id = $2 and t.id <> $3', layer)
            into taken using (held ->> 'dataset_id')::bigint, said ->> 'source_id', feature;
        if taken is not null then
            return taken;
        end if;
    end if;
    comes := array(select case when c in ('geom', 'repair')
            then format('case when s.same then o.%1$s else r.%1$s end', c) else 'r.' || c end
        from unnest(names) with ordinality n(c, nth) order by nth);
    names := names || array['org_id'];
    comes := comes || array[format('coalesce($3, %s)', operator)];
    perform data.nature_is(nature);
    execute format('
        update data.%1$I t set %2$s
        from data.%1$I o
        cross join lateral jsonb_populate_record(o, $1) r
        cross join lateral (select not $1 ? ''geom'' or data.same_place(o.geom, r.geom)) s(same)
        where t.id = $2 and o.id = $2 and (%3$s) is distinct from (%4$s)
        returning t.version',
        layer,
        (select string_agg(c || ' = ' || v, ', ') from unnest(names, comes) u(c, v)),
        (select string_agg('o.' || c, ', ') from unnest(names) c),
        array_to_string(comes, ', '))
        into now_at using said, feature, (held ->> 'org_id')::bigint;
    if now_at is not null then
        perform api.record(case when whole then 'feature_replace' else 'feature_update' end, layer, jsonb_strip_nulls(jsonb_build_object(
            'feature', feature, 'version', now_at, 'nature', nature)));
    end if;
    return jsonb_build_object('version', coalesce(now_at, (held ->> 'version')::integer));
end
$$;

-- Remove a feature; its history stays. Gives {"removed"}, or what data.held_to_edit refuses.
create function api.remove_feature(layer text, feature bigint, expected integer[], nature text)
    returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    held jsonb := data.held_to_edit(layer, feature, expected);
begin
    if not held ? 'dataset_id' then
        return held;
    end if;
    perform data.nature_is(nature);
    execute format('delete from data.%I t where t.id = $1', layer) using feature;
    perform api.record('feature_delete', layer, jsonb_strip_nulls(jsonb_build_object(
        'feature', feature, 'version', held -> 'version', 'nature', nature)));
    return '{"removed": true}';
end
$$;

revoke all on function api.feature_to_edit(text, bigint), data.held_to_edit(text, bigint, integer[]),
    data.said_columns(text), data.operator_called(text),
    data.nature_is(text),
    api.create_feature(text, text, bigint, jsonb, text),
    api.change_feature(text, bigint, integer[], jsonb, boolean, text),
    api.remove_feature(text, bigint, integer[], text) from public;
grant execute on function api.feature_to_edit(text, bigint),
    api.create_feature(text, text, bigint, jsonb, text),
    api.change_feature(text, bigint, integer[], jsonb, boolean, text),
    api.remove_feature(text, bigint, integer[], text) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
