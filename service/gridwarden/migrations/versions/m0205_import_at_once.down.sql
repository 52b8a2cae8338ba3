select data.patch('data.remember()', jsonb_build_array(jsonb_build_array(
$was$    if tg_op = 'INSERT' then
        execute$was$,
$becomes$    if tg_op = 'INSERT' then
        select count(*) into n from new_rows;
        if n = 0 then return null; end if;
        execute$becomes$), jsonb_build_array(
$was$            using tg_table_name::text;
        get diagnostics n = row_count;
        if n = 0 then return null; end if;
$was$,
$becomes$            using tg_table_name::text;
$becomes$)));
drop function data.put_off_indexes(text), data.make_put_off_indexes();
