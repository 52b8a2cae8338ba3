drop function api.finding_bands(bigint), api.finding_mains(bigint);
drop function api.level_rank(text), api.ground_m(geometry, geometry), api.inside(numeric, numeric, numeric, text);
drop function data.bands_sql(text, text, bigint[], text, text, text);
drop function data.inside(numeric, numeric, numeric, text);
