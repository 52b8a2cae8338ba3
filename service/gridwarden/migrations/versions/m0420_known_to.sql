-- Whether the caller may know what only these roles know of a thing that stands here: a bureau in its
-- districts, an inspector in his, a warden in her grids; of the others each role everywhere.
create function api.knows(roles text[], shape geometry) returns boolean
    language plpgsql stable parallel safe security definer cost 10
    set search_path = pg_catalog, public, pg_temp as
$$
declare
    asking constant text := replace(current_setting('role'), 'gridwarden_', '');
begin
    if not coalesce(asking = any (knows.roles), false) then
        return false;
    elsif asking in ('inspector', 'warden') then
        return api.in_my_area(knows.shape);
    elsif asking = 'supervisor' then
        return api.my_district(null) or exists (
            select from data.districts d
            where d.geom && knows.shape and api.my_district(d.id) and st_intersects(d.geom, knows.shape));
    end if;
    return true;
end
$$;
revoke all on function api.knows(text[], geometry) from public;
grant execute on function api.knows(text[], geometry) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_warden, gridwarden_inspector;
