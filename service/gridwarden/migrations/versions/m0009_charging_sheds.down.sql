drop view api.charging_sheds;
drop table data.charging_sheds;
delete from data.history where layer = 'charging_sheds';
delete from data.change where layer = 'charging_sheds';
delete from data.layer where id = 'charging_sheds';
