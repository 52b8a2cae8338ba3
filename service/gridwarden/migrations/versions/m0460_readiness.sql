-- For who is not signed in: three words about the installation, none about what it holds. A worker that
-- was alive before the clock was set back is not alive for that.
create function api.readiness(out tables text, out writes boolean, out worker boolean)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
select (select max(v.version_num)::text from public.alembic_version v),
       not pg_is_in_recovery(),
       exists (select from jobs.procrastinate_workers w
               where w.last_heartbeat between clock_timestamp() - interval '1 minute'
                                          and clock_timestamp() + interval '1 minute')
$$;
revoke all on function api.readiness() from public;
do $do$
begin
    execute format('grant execute on function api.readiness() to %I',
        'gridwarden_web_' || current_database());
end
$do$;
