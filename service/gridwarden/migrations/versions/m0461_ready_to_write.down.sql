create or replace function api.readiness(out tables text, out writes boolean, out worker boolean)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
select (select max(v.version_num)::text from public.alembic_version v),
       not pg_is_in_recovery(),
       exists (select from jobs.procrastinate_workers w
               where w.last_heartbeat between clock_timestamp() - interval '1 minute'
                                          and clock_timestamp() + interval '1 minute')
$$;
