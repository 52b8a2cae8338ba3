select data.untwin('indoor_gas_inspections');
drop view api.indoor_gas_inspections;
drop table data.indoor_gas_inspections;
delete from data.history where layer = 'indoor_gas_inspections';
delete from data.change where layer = 'indoor_gas_inspections';
delete from data.layer where id = 'indoor_gas_inspections';
