-- After a restore into another cluster transaction numbers would begin anew. `gridwarden restore` has
-- them go on past those of the archive, and notes here whose they were: what the history says of
-- `before` and `after` still holds, and an answer of that cluster can be given again.
create table data.restoration (
    id bigint generated always as identity primary key,
    archive text not null unique,
    epoch text not null,
    restored_at timestamptz not null default clock_timestamp()
);
comment on table data.restoration is
    'Archives that this database was restored from, each with the cluster whose transaction numbers go '
    'on here.';
create trigger restoration_stays before update or delete or truncate on data.restoration
    for each statement execute function data.audit_stays();

-- Whether transaction numbers of that cluster are earlier ones of this one.
create function data.same_count(epoch text) returns boolean
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as
$$
begin
    return same_count.epoch = data.epoch()
        or exists (select from data.restoration r where r.epoch = same_count.epoch);
end
$$;
revoke all on function data.same_count(text) from public;

do $patch$
declare
    body constant text := pg_get_functiondef('api.permit_replay(bigint, jsonb)'::regprocedure);
    was constant text := 'stored.epoch is distinct from data.epoch()';
begin
    if position(was in body) = 0 then
        raise exception 'api.permit_replay is not the one that this changes';
    end if;
    execute replace(body, was, 'data.same_count(stored.epoch) is not true');
end
$patch$;
