select data.untwin('petitions');
drop view api.petitions;
drop table data.petitions;
delete from data.history where layer = 'petitions';
delete from data.change where layer = 'petitions';
delete from data.layer where id = 'petitions';
