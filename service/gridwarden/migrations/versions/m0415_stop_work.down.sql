drop trigger hold_stage on data.construction_sites;
drop function api.override_stage(bigint, jsonb), api.set_critical_work(bigint, jsonb);
drop view api.stage_override, api.critical_work;
drop function data.hold_stage();
drop table data.stage_override, data.critical_work;
