-- As for screening (m0214): a backup reads every table for as long as it takes. Who truncated waited for
-- it, and the backup's own pg_dump for who truncated, until it gave up.
select data.patch('data.take_waiting(integer)', jsonb_build_array(
    jsonb_build_array(
$w$begin
    truncate data.hazard_now;
    with taken as ($w$,
$w$begin
    perform data.empty_at_once('{hazard_now}');
    with taken as ($w$),
    jsonb_build_array(
$w$        truncate data.hazard_now;
        insert into$w$,
$w$        perform data.empty_at_once('{hazard_now}');
        insert into$w$)));
select data.patch('data.follow_findings(jsonb, integer)', jsonb_build_array(jsonb_build_array(
$w$    truncate data.hazard_now;
$w$,
$w$    perform data.empty_at_once('{hazard_now}');
$w$)));
