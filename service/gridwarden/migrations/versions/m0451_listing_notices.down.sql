select data.patch('data.remind()', jsonb_build_array(
    jsonb_build_array(
$w$0 as level, c.due_at, r.tells, null::text as supervisor
$w$,
$w$0 as level, c.due_at, r.tells
$w$),
    jsonb_build_array(
$w$select c.id, 'overdue', e.level, c.due_at, e.tells, null
$w$,
$w$select c.id, 'overdue', e.level, c.due_at, e.tells
$w$),
    jsonb_build_array(
$w$e.after <= data.overdue_days(c.due_at, moment)
        union all
        select l.case_id, d.kind, 0, data.city_moment(d.day, t.cut_off), r.tells, l.supervisor
        from data.listing l
        cross join lateral (values
            ('listing_decision_soon', l.decision_due, l.decision is null and l.decision_due >= today
                 and l.decision_due <= data.city_day(soon_until)),
            ('listing_decision_late', l.decision_due, l.decision is null and l.decision_due < today),
            ('listing_goes_higher', l.escalate_on, l.level <> 'state' and l.escalate_on <= today))
            d (kind, day, so)
        join data.notice_rule r on r.kind = d.kind
        where l.delisted_at is null and d.so)
, reminded$w$,
$w$e.after <= data.overdue_days(c.due_at, moment))
, reminded$w$),
    jsonb_build_array(
$w$w.due_at from told w
        where w.kind in ('due_soon', 'overdue')
        on conflict do nothing returning$w$,
$w$w.due_at from told w
        on conflict do nothing returning$w$),
    jsonb_build_array(
$w$        cross join lateral (
            select o.id from data.told_of(c, w.tells) o
            union
            select o.id from data.told_of(jsonb_populate_record(c,
                jsonb_build_object('leader_in_charge', w.supervisor)), '{leader}') o
            where w.supervisor is not null) a
$w$,
$w$        cross join lateral data.told_of(c, w.tells) a
$w$),
    jsonb_build_array(
$w$    today constant date := data.reporting_day(moment);
    soon_until timestamptz;
$w$,
$w$    soon_until timestamptz;
$w$)));
