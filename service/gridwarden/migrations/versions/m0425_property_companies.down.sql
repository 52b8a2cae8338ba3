select data.untwin('property_companies');
drop view api.property_companies;
drop table data.property_companies;
delete from data.history where layer = 'property_companies';
delete from data.change where layer = 'property_companies';
delete from data.layer where id = 'property_companies';
