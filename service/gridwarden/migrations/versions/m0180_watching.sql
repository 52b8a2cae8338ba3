---------------------------------------------------------------------------- how the service does
-- The costliest statements of this database; null where the server does not count them. Those of the
-- owner are set-up and migrations. A text has $1, $2 … where a value stood; its first words, a comment
-- that names it, are all that is shown.
create function data.slow_statements() returns jsonb
    language plpgsql stable set search_path = pg_catalog, pg_temp as
$$
declare
    found jsonb;
begin
    execute $q$
        with ours as (
            select s.queryid, left(s.query, 200) as text, sum(s.calls) as calls,
                   sum(s.total_exec_time) / 1000 as total, max(s.max_exec_time) / 1000 as longest
            from public.pg_stat_statements s
            where s.dbid = (select d.oid from pg_database d where d.datname = current_database())
              and s.userid in (select r.oid from pg_roles r where r.rolname like 'gridwarden\_%'
                               and r.rolname <> current_user and not r.rolsuper)
              and s.toplevel
            group by s.queryid, left(s.query, 200)
        ), most as (
            (select * from ours order by total desc limit 15)
            union (select * from ours where calls >= 3 order by total / calls desc limit 10))
        select coalesce(jsonb_agg(jsonb_build_object('query', m.queryid::text, 'text', m.text,
            'calls_total', m.calls, 'seconds_total', m.total, 'mean_seconds', m.total / m.calls,
            'max_seconds', m.longest) order by m.total desc, m.queryid), '[]')
        from most m $q$ into found;
    return found;
exception
    when undefined_table or insufficient_privilege or object_not_in_prerequisite_state then
        return null;
end
$$;

-- Totals alone. How many findings there are says where mains are, when one brings features and watches
-- the number: only who may bring none reads this.
create function api.metrics() returns jsonb
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
select jsonb_build_object(
    'queue', (
        select jsonb_build_object(
            'queue_rows', count(*) filter (where not c.stuck),
            'queue_features', coalesce(sum(c.rows) filter (where not c.stuck), 0),
            'queue_stuck', count(*) filter (where c.stuck),
            'queue_oldest_seconds', coalesce(
                extract(epoch from clock_timestamp() - min(c.at) filter (where not c.stuck)), 0))
        from data.change c),
    'steps', (
        select jsonb_build_object(
            'screen_steps_total', coalesce((select max(s.id) from data.screen_step s), 0),
            'screen_last_step_seconds', (
                select extract(epoch from clock_timestamp() - s.at)
                from data.screen_step s order by s.id desc limit 1),
            'screen_lag_last_seconds', (
                select s.lag_s from data.screen_step s
                where s.lag_s is not null order by s.id desc limit 1),
            'screen_lag_max_seconds', coalesce(max(r.lag_s), 0),
            'screen_step_max_seconds', coalesce(max(r.seconds), 0),
            'screen_recent_steps', count(*),
            'screen_recent_changes', coalesce(sum(r.changes), 0),
            'screen_recent_subjects', coalesce(sum(r.subjects), 0),
            'screen_recent_findings', coalesce(sum(r.added + r.changed + r.ended), 0))
        from data.screen_step r where r.at > clock_timestamp() - interval '5 minutes'),
    'jobs', (
        select coalesce(jsonb_agg(to_jsonb(j)), '[]')
        from (select j.kind, j.state, count(*) as n from data.job j group by j.kind, j.state
              order by j.kind, j.state) j),
    'work', jsonb_build_object(
        'job_oldest_seconds', (
            select coalesce(extract(epoch from clock_timestamp() - min(j.created_at)), 0)
            from data.job j where j.state = 'queued'),
        'workers', (
            select count(*) from jobs.procrastinate_workers w
            where w.last_heartbeat > clock_timestamp() - interval '1 minute')),
    'events', (
        select jsonb_build_object(
            'events_unsequenced', count(*),
            'events_unsequenced_oldest_seconds',
                coalesce(extract(epoch from clock_timestamp() - min(e.at)), 0))
        from data.event e where e.seq is null),
    'database', (
        select jsonb_build_object(
            'database_bytes', pg_database_size(d.oid),
            'database_xid_age', age(d.datfrozenxid),
            'database_deadlocks_total', pg_stat_get_db_deadlocks(d.oid),
            'database_oldest_transaction_seconds', (
                select coalesce(extract(epoch from clock_timestamp() - min(a.xact_start)), 0)
                from pg_stat_activity a
                where a.datid = d.oid and a.pid <> pg_backend_pid()
                having pg_has_role(current_user, 'pg_read_all_stats', 'usage')))
        from pg_database d where d.datname = current_database()),
    'connections', (
        select coalesce(jsonb_object_agg(a.login, a.n), '{}')
        from (select a.usename as login, count(*) as n from pg_stat_activity a
              join pg_database d on d.oid = a.datid and d.datname = current_database()
              where a.usename is not null group by a.usename) a),
    'tables', (
        select jsonb_agg(jsonb_build_object(
            'table', t.schemaname || '.' || t.relname, 'rows', t.n_live_tup, 'dead_rows', t.n_dead_tup,
            'bytes', pg_total_relation_size(t.relid),
            'updates_total', t.n_tup_upd, 'hot_updates_total', t.n_tup_hot_upd,
            'vacuums_total', t.vacuum_count + t.autovacuum_count,
            'vacuumed_timestamp_seconds',
                extract(epoch from greatest(t.last_vacuum, t.last_autovacuum)))
            order by t.schemaname, t.relname)
        from pg_stat_all_tables t
        where t.schemaname || '.' || t.relname in (
            'data.change', 'data.finding', 'data.finding_exact', 'data.finding_past', 'data.event',
            'data.history', 'data.job', 'data.audit', 'data.main_piece', 'data.screen_step',
            'data.again', 'data.judged', 'data.difference', 'data.change_seen',
            'data.permit_answer', 'jobs.procrastinate_jobs', 'jobs.procrastinate_events',
            'pg_catalog.pg_class', 'pg_catalog.pg_attribute', 'pg_catalog.pg_statistic')),
    'statements', data.slow_statements())
$$;

revoke all on function data.slow_statements(), api.metrics() from public;
grant execute on function api.metrics() to gridwarden_auditor;

---------------------------------------------------------------------------- what every step writes
-- A fifth of a large table is far too much to let die before it is cleaned. Room is left in the pages
-- of rows that are updated in place: no index of findings or jobs is touched by most of their updates.
alter table data.finding set (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 500, autovacuum_analyze_scale_factor = 0.05);
alter table data.finding_exact set (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 500, autovacuum_analyze_scale_factor = 0.05);
alter table data.finding_past set (autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_vacuum_insert_threshold = 5000, autovacuum_analyze_scale_factor = 0.05);
alter table data.history set (autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.05);
alter table data.main_piece set (autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_threshold = 1000);
alter table data.job set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 500);
alter table jobs.procrastinate_jobs set (autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 500);
-- Emptied by every step; the dead rows of a thousand steps are still read in no time.
alter table data.again set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
alter table data.judged set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
alter table data.difference set (autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000);
alter table data.change_seen set (autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000);
