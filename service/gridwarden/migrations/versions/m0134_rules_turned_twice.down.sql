select data.patch('data.turn_rules(date)', jsonb_build_array(jsonb_build_array(
$w$        perform data.look_again_at_mains();
        perform data.unmark_turned();
$w$,
$w$        perform data.look_again_at_mains();
$w$)));
drop function data.unmark_turned();
