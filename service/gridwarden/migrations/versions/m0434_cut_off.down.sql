drop function api.board_cut_off(date);
