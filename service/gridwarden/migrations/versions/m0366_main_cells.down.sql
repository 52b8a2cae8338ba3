drop function api.main_cells();
