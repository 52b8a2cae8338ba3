drop view api.gas_pipelines;
drop table data.gas_pipelines;
delete from data.history where layer = 'gas_pipelines';
delete from data.change where layer = 'gas_pipelines';
delete from data.layer where id = 'gas_pipelines';
