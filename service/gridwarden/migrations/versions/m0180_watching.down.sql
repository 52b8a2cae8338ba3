drop function api.metrics();
drop function data.slow_statements();
alter table data.finding reset (fillfactor, autovacuum_vacuum_scale_factor,
    autovacuum_vacuum_threshold, autovacuum_analyze_scale_factor);
alter table data.finding_exact reset (fillfactor, autovacuum_vacuum_scale_factor,
    autovacuum_vacuum_threshold, autovacuum_analyze_scale_factor);
alter table data.finding_past reset (autovacuum_vacuum_insert_scale_factor,
    autovacuum_vacuum_insert_threshold, autovacuum_analyze_scale_factor);
alter table data.history reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_analyze_scale_factor);
alter table data.main_piece reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
alter table data.job reset (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
alter table jobs.procrastinate_jobs reset (autovacuum_vacuum_scale_factor,
    autovacuum_vacuum_threshold);
alter table data.again reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
alter table data.judged reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
alter table data.difference reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
alter table data.change_seen reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
