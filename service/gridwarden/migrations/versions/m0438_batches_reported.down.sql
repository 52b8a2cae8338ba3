drop function api.programme_entries(date, jsonb);
drop function api.programme_figures(date, jsonb);
drop function data.batch_standing(date, jsonb);
create function api.programme_figures(upto date) returns table (
    programme text, measure text, quantity numeric, at_least boolean, records bigint, last_day date)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select s.programme, s.measure, sum(s.quantity), bool_or(s.at_least), count(*), max(s.day)
    from data.programme_standing(upto) s
    group by s.programme, s.measure order by 1, 2
$$;
revoke all on function api.programme_figures(date) from public;
grant execute on function api.programme_figures(date)
    to gridwarden_supervisor, gridwarden_planner, gridwarden_inspector;
