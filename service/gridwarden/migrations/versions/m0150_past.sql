-- The city as it was known at a moment. For every view that roles read there is a twin, `…_at`: the
-- same columns, the same conditions, the same readers, over what history says was there then. The
-- moment is the transaction's own, set by api.go_back(); without one a twin is empty.
--
-- Invariants (tests/layers/test_past.py): a twin at this moment equals the view, for every layer and
-- role; no moment shows half of a transaction.

---------------------------------------------------------------------------- who wrote when
-- One row a transaction that wrote history or findings. `ended` is written at its commit, so what it
-- wrote counts as known from then on: its rows carry the clock of the statement that wrote each.
create table data.moment (
    xid xid8 primary key default pg_current_xact_id(),
    began timestamptz not null default transaction_timestamp(),
    ended timestamptz not null default 'infinity',
    screened boolean not null default false,
    nature text default nullif(current_setting('gridwarden.nature', true), '')
);
comment on table data.moment is
    'Transactions that changed features, or (screened) findings. `nature`: what its writer said that '
    'the change is, `correction` for a mistake put right.';
create index moment_began on data.moment (began);
create index moment_open on data.moment using gist (tstzrange(began, ended));

create function data.wrote() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    if current_setting('gridwarden.wrote', true) is distinct from pg_current_xact_id()::text then
        insert into data.moment (screened) values (tg_table_name <> 'history')
            on conflict (xid) do nothing;
        perform set_config('gridwarden.wrote', pg_current_xact_id()::text, true);
    end if;
    return null;
end
$$;
create trigger wrote after insert or update on data.history
    for each statement execute function data.wrote();

create function data.wrote_all() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    update data.moment m set ended = clock_timestamp() where m.xid = new.xid;
    return null;
end
$$;
create constraint trigger wrote_all after insert on data.moment
    deferrable initially deferred for each row execute function data.wrote_all();

alter table data.history add nature text default nullif(current_setting('gridwarden.nature', true), '');
comment on column data.history.nature is
    'What the writer of this version said that it is: correction, or nothing. How a version ended '
    'stands in data.moment, at its xid_to.';

-- Versions that are no more. Those that still hold are found by their own table's index, so an import
-- of new rows pays nothing for this.
create index history_closed on data.history using gist (geom, valid) where xid_to is not null;

-- Since when the past is known. What was before an older installation began to keep it is not.
create table data.kept_since (
    what text primary key check (what in ('features', 'findings')),
    at timestamptz not null
);
insert into data.kept_since (what, at)
    select 'features', min(lower(h.valid)) from data.history h having count(*) > 0;

---------------------------------------------------------------------------- the moment
create function api.at() returns timestamptz
    language sql stable parallel safe as
$$ select nullif(current_setting('gridwarden.at', true), '')::timestamptz $$;

-- Transactions that were being written at that moment: nothing of theirs was known.
create function api.at_open() returns xid8[]
    language sql stable parallel safe as
$$ select coalesce(nullif(current_setting('gridwarden.at_open', true), ''), '{}')::xid8[] $$;

-- From the begin of the earliest of them to the moment.
create function api.at_span() returns tstzrange
    language sql stable parallel safe as
$$ select tstzrange(nullif(current_setting('gridwarden.at_from', true), '')::timestamptz,
                    nullif(current_setting('gridwarden.at', true), '')::timestamptz, '[]') $$;

-- The moment for findings: while a screening wrote, those from before it were known.
create function api.at_findings() returns timestamptz
    language sql stable parallel safe as
$$ select nullif(current_setting('gridwarden.at_findings', true), '')::timestamptz $$;

-- Set the moment for the rest of the transaction. Refuses one that is still to come (clocks may differ
-- by a minute), and gives the first moment that is known of where `moment` is before that (what:
-- features or findings).
create function api.go_back(moment timestamptz, what text) returns timestamptz
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    began timestamptz;
    first timestamptz;
    written xid8[];
    screening timestamptz;
begin
    if moment > clock_timestamp() + interval '1 minute' then
        raise exception 'this moment is still to come' using errcode = 'GW400';
    end if;
    select k.at into first from data.kept_since k where k.what = go_back.what;
    if first is null then
        select m.began into first from data.moment m
            where m.screened = (go_back.what = 'findings') or go_back.what = 'features'
            order by m.began limit 1;
    end if;
    -- what is written right now may be committed before it is read
    select coalesce(array_agg(m.xid), '{}') || array(select pg_snapshot_xip(pg_current_snapshot())),
           min(m.began), min(m.began) filter (where m.screened)
        into written, began, screening
        from data.moment m where tstzrange(m.began, m.ended) @> go_back.moment;
    perform set_config('gridwarden.at', moment::text, true),
            set_config('gridwarden.at_open', written::text, true),
            set_config('gridwarden.at_from', least(began, moment)::text, true),
            set_config('gridwarden.at_findings', least(screening, moment)::text, true);
    return case when moment < first then first end;
end
$$;

---------------------------------------------------------------------------- twins
-- A view's twin: its definition over the past of `tables`, for the same readers.
create function data.twin_view(name text, tables text[]) returns void
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
declare
    seen text := pg_get_viewdef(format('api.%I', name)::regclass);
    one text;
begin
    foreach one in array tables loop
        if seen !~ ('\mdata\.' || one || '\M') then
            raise exception 'api.% does not read data.%', name, one;
        end if;
        seen := regexp_replace(seen, '\mdata\.' || one || '\M(?! [a-z])',
                               'data.' || one || '_at ' || one, 'g');
        seen := regexp_replace(seen, '\mdata\.' || one || '\M', 'data.' || one || '_at', 'g');
    end loop;
    -- a view has no key that its other columns would depend on
    seen := replace(seen, 'GROUP BY d.id', 'GROUP BY d.id, d.geom');
    execute format('drop view if exists api.%I', name || '_at');
    execute format('create view api.%I as %s', name || '_at', seen);
    for one in
        select format('grant %s on api.%I to %I', x.privilege_type, name || '_at', x.grantee::regrole)
        from pg_class c cross join lateral aclexplode(c.relacl) x
        where c.oid = format('api.%I', name)::regclass and x.grantee <> c.relowner
    loop
        execute replace(one, '"', '');
    end loop;
end
$$;

-- A layer's past, data.…_at, and its twin. Rows that still hold are read from the layer's own table.
create function data.twin(layer text) returns void
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    names constant text[] := array(
        select a.attname from pg_attribute a
        where a.attrelid = format('data.%I', layer)::regclass and a.attnum > 0 and not a.attisdropped
        order by a.attnum);
    now constant text := (select string_agg(format('t.%I', n), ', ' order by i)
                          from unnest(names) with ordinality as u(n, i));
    past constant text := (select string_agg(case n when 'id' then 'h.feature_id' when 'geom' then 'h.geom'
                                             else format('p.%I', n) end, ', ' order by i)
                           from unnest(names) with ordinality as u(n, i));
begin
    perform data.untwin(layer);
    execute format($view$
        create view data.%1$I as
        select %3$s from data.%2$I t
        where exists (
            select from data.history h
            where h.layer = %2$L and h.feature_id = t.id and h.version = t.version
              and lower(h.valid) <= (select api.at())
              and h.xid_from <> all ((select api.at_open())::xid8[]))
        union all
        select %4$s
        from data.history h cross join lateral jsonb_populate_record(null::data.%2$I, h.row) p
        where h.layer = %2$L and h.xid_to is not null and h.valid && (select api.at_span())
          and lower(h.valid) <= (select api.at()) and h.xid_from <> all ((select api.at_open())::xid8[])
          and (upper(h.valid) > (select api.at()) or h.xid_to = any ((select api.at_open())::xid8[]))
        $view$, layer || '_at', layer, now, past);
    perform data.twin_view(layer, array[layer]);
    if layer in ('districts', 'coverage') and to_regclass('data.districts_at') is not null
       and to_regclass('data.coverage_at') is not null then
        perform data.twin_view('district_surveyed', array['districts', 'coverage']);
    end if;
end
$$;

-- Before a layer's table changes, or goes.
create function data.untwin(layer text) returns void
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
begin
    if layer in ('districts', 'coverage') then
        drop view if exists api.district_surveyed_at;
    end if;
    execute format('drop view if exists api.%I', layer || '_at');
    execute format('drop view if exists data.%I', layer || '_at');
end
$$;

select data.twin(l.id) from data.layer l;

---------------------------------------------------------------------------- grants
revoke all on function api.at(), api.at_open(), api.at_span(), api.at_findings(),
    api.go_back(timestamptz, text), data.wrote(), data.wrote_all(), data.twin_view(text, text[]),
    data.twin(text), data.untwin(text) from public;
grant execute on function api.at(), api.at_open(), api.at_span(), api.at_findings(),
    api.go_back(timestamptz, text) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator;
