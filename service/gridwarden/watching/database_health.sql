-- name: newest
-- how far the newest row of the audit is dated ahead of the server's clock (s)
select coalesce(extract(epoch from max(a.at) - clock_timestamp()), 0)::float8
from (select at from data.audit order by id desc limit 10000) a

-- name: server_clock
select extract(epoch from clock_timestamp())::float8

-- name: cleans
select current_setting('autovacuum')::bool and current_setting('track_counts')::bool

-- name: stale
-- Tables most of whose rows changed since they were counted, or that never were: the largest first.
select s.schemaname || '.' || s.relname
from pg_stat_user_tables s
where s.schemaname = any (array['access', 'api', 'data', 'jobs'])
  and s.n_live_tup >= %(rows)s
  and (coalesce(s.last_analyze, s.last_autoanalyze) is null
       or s.n_mod_since_analyze > %(share)s * s.n_live_tup)
  -- the server's own has had its turns: it looks at each table once in autovacuum_naptime
  and (coalesce(s.last_analyze, s.last_autoanalyze) is null
       or greatest(s.last_analyze, s.last_autoanalyze) < clock_timestamp() - %(grace)s * interval '1 s')
order by s.n_live_tup desc

-- name: held
-- The transaction that has been open longest, where the owner may see it.
select a.pid, extract(epoch from clock_timestamp() - a.xact_start)::float8
from pg_stat_activity a
where a.xact_start is not null and a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
order by a.xact_start limit 1

-- name: dead
-- Tables with more dead rows than live ones: the worst first.
select s.schemaname || '.' || s.relname, s.n_dead_tup, s.n_live_tup
from pg_stat_user_tables s
where s.schemaname = any (array['access', 'api', 'data', 'jobs'])
  and s.n_dead_tup > greatest(s.n_live_tup, %(rows)s)
order by s.n_dead_tup desc limit 1

-- name: empty
-- Tables whose file is mostly empty, by the statistics (bytes of file and of rows): the worst first.
-- 28 bytes are a row's head and its place in the page, 24 of 8192 the page's head.
select t.name, t.bytes, t.needed
from (
    select n.nspname || '.' || c.relname as name,
        pg_relation_size(c.oid) as bytes,
        (c.reltuples * (28 + coalesce((select sum(p.avg_width * (1 - p.null_frac))
                                       from pg_stats p
                                       where p.schemaname = n.nspname and p.tablename = c.relname), 0))
         * 1.05 / coalesce((select o.option_value::numeric / 100
                            from pg_options_to_table(c.reloptions) o
                            where o.option_name = 'fillfactor'), 1))::bigint as needed
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname = any (array['access', 'api', 'data', 'jobs'])
      and c.reltuples >= 0 and pg_relation_size(c.oid) >= %(bytes)s
) t
where t.needed < t.bytes / 4
order by t.bytes - t.needed desc limit 1
