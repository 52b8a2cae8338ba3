select data.untwin('liquid_fuel_users');
drop view api.liquid_fuel_users;
drop table data.liquid_fuel_users;
delete from data.history where layer = 'liquid_fuel_users';
delete from data.change where layer = 'liquid_fuel_users';
delete from data.layer where id = 'liquid_fuel_users';
