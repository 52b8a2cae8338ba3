-- An edit closes the history of its own features by the index. A trigger's table name brings the
-- collation of names with it, which the index has not: every statement read the history of the city.
select data.patch('data.remember()', jsonb_build_array(
    jsonb_build_array('where h.layer = tg_table_name and',
                      'where h.layer = tg_table_name::text collate "default" and')));
