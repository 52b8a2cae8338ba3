drop function api.due_left(bigint);
select data.patch('data.follow_by(text, timestamptz)',
    jsonb_build_array(jsonb_build_array(
$w$                          then data.due_regraded(c, m.severity, moment) else c.due_at end,
$w$,
$w$                          then data.due_at(m.severity, c.family, c.assigned_at) else c.due_at end,
$w$)));
select data.patch('data.moved_case(data.hazard_case, data.hazard_case, data.hazard_transition, date, timestamptz)',
    jsonb_build_array(jsonb_build_array(
$w$            c.due_at := data.due_regraded(b, c.grade, happened);
$w$,
$w$            c.due_at := data.due_at(c.grade, c.family, b.assigned_at);
$w$),
    jsonb_build_array(
$w$        latest := coalesce(case t.act when 'assign' then b.due_at
                                      when 'resume' then data.due_left(b, happened) end,
$w$,
$w$        latest := coalesce(case when t.act = 'assign' then b.due_at end,
$w$)));
drop function data.due_left(data.hazard_case, timestamptz),
    data.due_going_on(timestamptz, timestamptz, timestamptz),
    data.due_regraded(data.hazard_case, text, timestamptz);
