-- What the office's clock says: the moment, and in practice so many days later (GRIDWARDEN_PRACTICE_DAYS,
-- told by each connection). It only goes ahead: nothing can be entered as if it were earlier. The
-- audit trail does not ask it: there every row bears the moment at which it was written.
create function data.office_now() returns timestamptz
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select clock_timestamp() + make_interval(days => greatest(0,
        coalesce(nullif(current_setting('gridwarden.ahead', true), ''), '0')::integer))
$$;
revoke all on function data.office_now() from public;
