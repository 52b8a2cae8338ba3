-- PostGIS for Gridwarden: run once by a superuser, in the database that Gridwarden is to own.
--
-- `gridwarden up` runs it on its private cluster. For a server of your own:
--     psql -d DATABASE -f postgis.sql
--
-- PUBLIC may then no longer execute the extension's functions that take a table by name or oid:
-- * ST_EstimatedExtent (security definer), _postgis_stats, _postgis_selectivity,
--   _postgis_join_selectivity and _postgis_index_extent read statistics and indexes of ANY table,
--   without a grant on it: they would tell where the mains are.
-- * the old helpers that build SQL from a table's name (extents, geometry columns, row locks)
--   run with the caller's own rights and tell nothing more; nobody who asks needs them, and what
--   nobody needs is closed.
-- Functions of values (ST_AsMVT, ST_Intersects, ...) stay open.
create extension if not exists postgis with schema public;

do $$
declare
    one regprocedure;
begin
    for one in
        select p.oid::regprocedure
        from pg_proc p
        join pg_depend d on d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e'
        join pg_extension e on e.oid = d.refobjid and e.extname like 'postgis%'
        where p.proname = any (array[
            'st_estimatedextent', '_postgis_stats', '_postgis_selectivity',
            '_postgis_join_selectivity', '_postgis_index_extent', 'st_findextent',
            'find_srid', 'updategeometrysrid', 'populate_geometry_columns',
            'addgeometrycolumn', 'dropgeometrycolumn', 'dropgeometrytable',
            'st_fromflatgeobuftotable', 'postgis_constraint_srid', 'postgis_constraint_dims',
            'postgis_constraint_type', 'postgis_extensions_upgrade', 'lockrow', 'unlockrows',
            'addauth', 'checkauth', 'checkauthtrigger', 'gettransactionid',
            'enablelongtransactions', 'disablelongtransactions', 'longtransactionsenabled'])
    loop
        execute format('revoke execute on function %s from public', one);
    end loop;
end
$$;
