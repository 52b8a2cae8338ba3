select data.untwin('gas_supply_stations');
drop view api.gas_supply_stations;
drop table data.gas_supply_stations;
delete from data.history where layer = 'gas_supply_stations';
delete from data.change where layer = 'gas_supply_stations';
delete from data.layer where id = 'gas_supply_stations';
