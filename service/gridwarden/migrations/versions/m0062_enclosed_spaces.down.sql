drop view api.enclosed_spaces;
drop table data.enclosed_spaces;
delete from data.history where layer = 'enclosed_spaces';
delete from data.change where layer = 'enclosed_spaces';
delete from data.layer where id = 'enclosed_spaces';
