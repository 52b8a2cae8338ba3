drop function api.remove_feature(text, bigint, integer[], text);
drop function api.change_feature(text, bigint, integer[], jsonb, boolean, text);
drop function api.create_feature(text, text, bigint, jsonb, text);
drop function data.held_to_edit(text, bigint, integer[]);
drop function api.feature_to_edit(text, bigint);
drop function data.nature_is(text);
drop function data.operator_called(text);
drop function data.said_columns(text);
