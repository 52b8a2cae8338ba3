drop function api.step_listing(bigint, integer[], text, jsonb), api.list_case(bigint, jsonb),
    data.write_listing_step(bigint, integer, text, jsonb, date), data.listing_day(jsonb, date);
drop view api.listing_step, api.listing;
drop function api.city_today();
drop table data.listing_step, data.listing;
