drop function api.board_rows(date, text, text, text, integer, time, time);
drop function api.board(date, text, integer, time, time);
drop function data.board_listed(date, text);
drop function data.board_cycle(date, text, integer, time, time);
drop function data.board_due(date);
drop function data.hours_of_day(timestamp, time, time);
drop function data.worked_before(date, date, double precision);
drop function data.cut_off(date);
