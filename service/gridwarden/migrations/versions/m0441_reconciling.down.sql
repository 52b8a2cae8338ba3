select data.patch('api.report_case(jsonb)', jsonb_build_array(jsonb_build_array(
$w$        if c.place is not null then
            select g.district_id, g.grid_id into c.district_id, c.grid_id from data.ground_of(c.place) g;
        elsif c.grid_id is not null then
            select (data.ground_of(st_pointonsurface(g.geom))).district_id into c.district_id
            from data.warden_grids g where g.id = c.grid_id;
        end if;
$w$,
$w$        select g.district_id, g.grid_id into c.district_id, c.grid_id from data.ground_of(c.place) g;
$w$)));
drop function api.row_registered(bigint, integer, bigint),
    api.decide_pairs(bigint, jsonb), api.match_list(bigint, jsonb, jsonb), api.bring_list(jsonb, jsonb);
drop view api.their_candidate, api.their_row, api.their_list;
drop table data.known_pair, data.their_candidate, data.their_row, data.their_list;
drop function data.grams(text), data.place_plain(text);
