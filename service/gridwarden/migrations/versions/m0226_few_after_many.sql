-- The planner is told of many, and of few again when they are gone: dead rows keep their pages, by which it
-- would go on counting, and of a table cut off it takes ten pages.
create or replace function data.count_again() returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    n constant bigint := (select count(*) from data.again);
begin
    if n > 500 or (select c.reltuples not between 0 and 500 from pg_class c where c.oid = 'data.again'::regclass) then
        analyze data.again;
    end if;
    return n;
end
$$;
