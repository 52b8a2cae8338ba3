-- Until when the figures of a day reach: its cut-off, or now where that is still to come.
create function api.board_cut_off(on_day date) returns timestamptz
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$ select least(data.cut_off(on_day), data.office_now()) $$;
revoke all on function api.board_cut_off(date) from public;
grant execute on function api.board_cut_off(date)
    to gridwarden_supervisor, gridwarden_planner, gridwarden_inspector;
