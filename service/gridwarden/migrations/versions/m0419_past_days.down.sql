select data.patch('data.batch_standing(date, jsonb)', jsonb_build_array(
    jsonb_build_array($w$(i.removed_day is null or i.removed_day > upto)$w$,
$w$(i.removed_at is null or data.reporting_day(i.removed_at) > upto)$w$)));
select data.patch('api.take_from_batch(bigint, bigint, text)', jsonb_build_array(
    jsonb_build_array($w$set removed_at = data.office_now(), removed_day = data.reporting_day(data.office_now()),$w$,
$w$set removed_at = data.office_now(),$w$)));
alter table data.batch_item drop column removed_day;

create function data.worked_before(first date, last date, hours double precision) returns table (
    day date, worked double precision, works boolean)
    language sql stable as
$$
    select g.day::date, coalesce(sum(case when w then hours else 0 end) over (
               order by g.day rows between unbounded preceding and 1 preceding), 0), w
    from generate_series(first, last, interval '1 day') g (day)
    cross join lateral (select data.is_working(g.day::date) as w) is_working
$$;
revoke all on function data.worked_before(date, date, double precision) from public;
select data.patch('data.board_cycle(date, text, integer, time, time)', jsonb_build_array(
    jsonb_build_array($w$            data.worked_before(d.first, d.last, o.hours, upto) w$w$,
$w$            data.worked_before(d.first, d.last, o.hours) w$w$)));
drop function data.worked_before(date, date, double precision, date);
select data.patch('api.set_calendar(integer, text, text, jsonb)', jsonb_build_array(
    jsonb_build_array($w$        from jsonb_to_recordset(days) as d (day date, working boolean, name text);
    insert into data.calendar_told (year, entered_day, days)
        values (set_calendar.year, data.reporting_day(data.office_now()), set_calendar.days);
$w$,
$w$        from jsonb_to_recordset(days) as d (day date, working boolean, name text);
$w$)));
drop table data.calendar_told;

create or replace view api.listing as
    select l.id, l.version, l.list_no, l.case_id, c.hazard_no, c.state, c.grade, c.family, c.category,
           c.district_id, c.org_id, l.level, l.supervisor, l.why, l.deadline, l.progress_days,
           l.decision_due, l.escalate_on, l.listed_day, l.entered_day, l.listed_by, l.decision,
           l.decided_day, l.escalated_day, l.last_progress, l.applied_by, l.applied_day,
           l.delisted_day, l.delisted_entered_day, l.delisted_by,
           case when l.delisted_at is null then coalesce(l.last_progress, l.listed_day) + l.progress_days
               end as progress_due,
           l.delisted_at is null and l.deadline < t.day as past_deadline,
           l.delisted_at is null and l.decision is null and l.decision_due < t.day as decision_late,
           l.delisted_at is null
               and coalesce(l.last_progress, l.listed_day) + l.progress_days < t.day as progress_late,
           l.delisted_at is null and l.escalated_day is null and l.escalate_on <= t.day as goes_higher
    from data.listing l
    join api.hazard_case c on c.id = l.case_id
    cross join (select api.city_today() as day) t;
select data.patch('api.step_listing(bigint, integer[], text, jsonb)', jsonb_build_array(
    jsonb_build_array($w$escalated_day = l.escalated_day, escalate_on = l.escalate_on,$w$,
$w$escalated_day = l.escalated_day,$w$),
    jsonb_build_array($w$            l.escalated_day := on_day;
            l.escalate_on := on_day + ((data.deadlines_now()).listing ->> 'escalate_days')::integer;
$w$,
$w$            l.escalated_day := on_day;
$w$),
    jsonb_build_array($w$            if l.level = 'state' then$w$,
$w$            if l.level = 'state' or l.escalated_day is not null then$w$)));

select data.patch('api.move_case(bigint, integer[], text, jsonb, uuid)', jsonb_build_array(
    jsonb_build_array($w$        elsif exists (select from data.findings_of(b)) then
            perform data.refuse('GW409', 'hazards.still_stands', (select jsonb_build_object(
                'family', coalesce(min(f.family) filter (where f.family = b.family), min(f.family)),
                'findings', jsonb_agg(f.id order by f.id)
                            filter (where api.sees_finding(f.main, f.org_id, f.district_id)))
                from data.findings_of(b) f));
$w$,
$w$        elsif b.standing is not null and exists (select from data.finding f
                where f.family = b.family and f.layer = b.layer and f.subject_id = b.subject_id) then
            perform data.refuse('GW409', 'hazards.still_stands', jsonb_build_object('family', b.family,
                'findings', (select jsonb_agg(f.id order by f.id) from data.finding f
                             where f.family = b.family and f.layer = b.layer and f.subject_id = b.subject_id
                               and api.sees_finding(f.main, f.org_id, f.district_id))));
$w$)));
drop function data.findings_of(data.hazard_case);
drop index data.hazard_case_duplicates;
