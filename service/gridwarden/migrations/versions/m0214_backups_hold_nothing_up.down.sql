select data.patch('data.clear_step()', jsonb_build_array(jsonb_build_array(
$w$        perform data.empty_at_once('{again,judged,difference,change_seen}');
$w$,
$w$        truncate data.again, data.judged, data.difference, data.change_seen;
$w$)));
drop function data.empty_at_once(text[]);
