select data.patch('data.remember()', jsonb_build_array(
    jsonb_build_array('where h.layer = tg_table_name::text collate "default" and',
                      'where h.layer = tg_table_name and')));
