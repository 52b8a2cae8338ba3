drop view api.export_copy, api.export_request;
drop function api.begin_copy(text, text, text, text, numeric, text, numeric, bigint),
    api.decide_export(bigint, boolean, text, integer), api.ask_export(text, text, numeric, text);
drop table data.export_copy, data.export_request;
