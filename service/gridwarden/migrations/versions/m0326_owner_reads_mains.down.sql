create or replace function data.reads_main(org_id bigint, line geometry) returns boolean
    language plpgsql stable set search_path = pg_catalog, public, pg_temp as
$$
begin
    return case api.role()
        when 'utility' then api.my_org(reads_main.org_id)
        when 'supervisor' then api.my_district(null) or exists (
            select from data.districts d
            where api.my_district(d.id) and st_intersects(d.geom, reads_main.line))
        else false end;
end
$$;
