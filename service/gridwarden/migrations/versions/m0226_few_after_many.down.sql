create or replace function data.count_again() returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    n constant bigint := (select count(*) from data.again);
begin
    if n > 500 then
        analyze data.again;
    end if;
    return n;
end
$$;
