alter table data.finding alter id drop default;
alter table data.finding alter id add generated always as identity;
select setval(pg_get_serial_sequence('data.finding', 'id'),
              greatest((select max(f.id) from data.finding f), (select max(p.id) from data.finding_past p), 1));
drop function data.new_finding_id();
comment on column data.finding.id is null;
