-- Which statements are slow, by pg_stat_statements: run once by a superuser, after postgis.sql.
--
-- `gridwarden up` runs it on its private cluster where the extension is installed (postgresql-contrib
-- on some systems). For a server of your own, with pg_stat_statements in shared_preload_libraries:
--     psql -d DATABASE -v owner=OWNER -f statements.sql
--
-- Texts in it have $1, $2 … where a caller's values stood. All the same it is the owner's alone:
-- how often a statement ran tells what others did.
create extension if not exists pg_stat_statements with schema public;
revoke all on pg_stat_statements, pg_stat_statements_info from public;
revoke execute on function pg_stat_statements(boolean) from public;
revoke execute on function pg_stat_statements_info() from public;
grant select on pg_stat_statements to :"owner";
grant execute on function pg_stat_statements(boolean) to :"owner";
-- Other sessions' and other roles' statistics, the age of the oldest transaction among them.
grant pg_read_all_stats to :"owner";
