-- Rows that come into an empty layer in one go: its spatial indexes are made after them, in the same
-- transaction. Entering a shape in such an index costs three times what sorting all of them does.

-- Drop the spatial indexes of an empty layer, to be made again by data.make_put_off_indexes(). Where
-- somebody is just reading the layer, or it has rows, they stay and nothing is waited for; else
-- readers of the layer wait until the transaction ends.
create function data.put_off_indexes(layer text) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    one record;
    filled boolean;
begin
    create temp table put_off (definition text not null) on commit drop;
    execute format('lock table data.%I in access exclusive mode nowait', layer);
    execute format('select exists (select from data.%I)', layer) into filled;
    if filled then
        raise lock_not_available;  -- to let go of the lock
    end if;
    for one in
        select i.indexrelid::regclass as name, pg_get_indexdef(i.indexrelid) as definition
        from pg_index i
        join pg_class c on c.oid = i.indexrelid
        join pg_am a on a.oid = c.relam
        where i.indrelid = format('data.%I', layer)::regclass and a.amname = 'gist'
    loop
        insert into pg_temp.put_off values (one.definition);
        execute format('drop index %s', one.name);
    end loop;
exception
    when lock_not_available then null;
end
$$;

create function data.make_put_off_indexes() returns void
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    one record;
begin
    if to_regclass('pg_temp.put_off') is not null then
        for one in select definition from pg_temp.put_off loop
            execute one.definition;
        end loop;
    end if;
end
$$;

revoke all on function data.put_off_indexes(text), data.make_put_off_indexes() from public;
grant execute on function data.put_off_indexes(text), data.make_put_off_indexes()
    to gridwarden_import;

-- New rows are counted as their history is written, not by reading them once more.
select data.patch('data.remember()', jsonb_build_array(jsonb_build_array(
$was$    if tg_op = 'INSERT' then
        select count(*) into n from new_rows;
        if n = 0 then return null; end if;
        execute$was$,
$becomes$    if tg_op = 'INSERT' then
        execute$becomes$), jsonb_build_array(
$was$            select $1, r.id, r.version, r.geom, tstzrange(clock_timestamp(), null), ' || said
            using tg_table_name::text;
$was$,
$becomes$            select $1, r.id, r.version, r.geom, tstzrange(clock_timestamp(), null), ' || said
            using tg_table_name::text;
        get diagnostics n = row_count;
        if n = 0 then return null; end if;
$becomes$)));
