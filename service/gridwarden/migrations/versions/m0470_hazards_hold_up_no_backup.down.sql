select data.patch('data.take_waiting(integer)', jsonb_build_array(
    jsonb_build_array(
$w$begin
    perform data.empty_at_once('{hazard_now}');
    with taken as ($w$,
$w$begin
    truncate data.hazard_now;
    with taken as ($w$),
    jsonb_build_array(
$w$        perform data.empty_at_once('{hazard_now}');
        insert into$w$,
$w$        truncate data.hazard_now;
        insert into$w$)));
select data.patch('data.follow_findings(jsonb, integer)', jsonb_build_array(jsonb_build_array(
$w$    perform data.empty_at_once('{hazard_now}');
$w$,
$w$    truncate data.hazard_now;
$w$)));
