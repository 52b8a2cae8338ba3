-- A past day stays what it was, and a hazard is not closed by the name of another one.

---------------------------------------------------------------------------- closing
-- The findings that stand of a case, and of those that were struck off as its duplicates.
create index hazard_case_duplicates on data.hazard_case (duplicate_of) where duplicate_of is not null;
create function data.findings_of(c data.hazard_case) returns setof data.finding
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    with recursive same as (
        select c.id
        union
        select h.id from data.hazard_case h join same s on h.duplicate_of = s.id
    )
    select f.* from same s
    join data.hazard_case h on h.id = s.id and h.standing is not null
    join data.finding f on f.family = h.family and f.layer = h.layer and f.subject_id = h.subject_id
$$;
select data.patch('api.move_case(bigint, integer[], text, jsonb, uuid)', jsonb_build_array(jsonb_build_array(
$w$        elsif b.standing is not null and exists (select from data.finding f
                where f.family = b.family and f.layer = b.layer and f.subject_id = b.subject_id) then
            perform data.refuse('GW409', 'hazards.still_stands', jsonb_build_object('family', b.family,
                'findings', (select jsonb_agg(f.id order by f.id) from data.finding f
                             where f.family = b.family and f.layer = b.layer and f.subject_id = b.subject_id
                               and api.sees_finding(f.main, f.org_id, f.district_id))));
$w$,
$w$        elsif exists (select from data.findings_of(b)) then
            perform data.refuse('GW409', 'hazards.still_stands', (select jsonb_build_object(
                'family', coalesce(min(f.family) filter (where f.family = b.family), min(f.family)),
                'findings', jsonb_agg(f.id order by f.id)
                            filter (where api.sees_finding(f.main, f.org_id, f.district_id)))
                from data.findings_of(b) f));
$w$)));

---------------------------------------------------------------------------- listed supervision
-- What is still not rectified after its days goes higher again, until there is nothing higher.
select data.patch('api.step_listing(bigint, integer[], text, jsonb)', jsonb_build_array(
    jsonb_build_array($w$            if l.level = 'state' or l.escalated_day is not null then$w$,
$w$            if l.level = 'state' then$w$),
    jsonb_build_array($w$            l.escalated_day := on_day;
$w$,
$w$            l.escalated_day := on_day;
            l.escalate_on := on_day + ((data.deadlines_now()).listing ->> 'escalate_days')::integer;
$w$),
    jsonb_build_array($w$escalated_day = l.escalated_day,$w$,
$w$escalated_day = l.escalated_day, escalate_on = l.escalate_on,$w$)));
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
           l.delisted_at is null and l.level <> 'state' and l.escalate_on <= t.day as goes_higher
    from data.listing l
    join api.hazard_case c on c.id = l.case_id
    cross join (select api.city_today() as day) t;

---------------------------------------------------------------------------- calendars as they were told
-- Working hours of a past day's board are counted by the calendar that was told by then; of a year that
-- was told later, by what was told of it first.
create table data.calendar_told (
    id bigint generated always as identity primary key,
    year integer not null,
    entered_day date not null,
    days jsonb not null
);
comment on table data.calendar_told is
    'Each time that a year was told: its days that differ from the week, from that reporting day on.';
create index calendar_told_year on data.calendar_told (year);
insert into data.calendar_told (year, entered_day, days)
select y.year, data.reporting_day(y.at),
       coalesce((select jsonb_agg(jsonb_build_object('day', d.day, 'working', d.working) order by d.day)
                 from data.calendar_day d where d.year = y.year), '[]')
from data.calendar_year y order by y.at;
create trigger calendar_told_stays before update or delete or truncate on data.calendar_told
    for each statement execute function data.audit_stays();
select data.patch('api.set_calendar(integer, text, text, jsonb)', jsonb_build_array(jsonb_build_array(
$w$        from jsonb_to_recordset(days) as d (day date, working boolean, name text);
$w$,
$w$        from jsonb_to_recordset(days) as d (day date, working boolean, name text);
    insert into data.calendar_told (year, entered_day, days)
        values (set_calendar.year, data.reporting_day(data.office_now()), set_calendar.days);
$w$)));

-- Working hours from the beginning of the first day to that of each, in days of so many hours.
create function data.worked_before(first date, last date, hours double precision, upto date)
    returns table (day date, worked double precision, works boolean)
    language sql stable as
$$
    with told as (
        select distinct on (t.year) t.days from data.calendar_told t
        where t.year between extract(year from first) and extract(year from last)
        order by t.year, t.entered_day > upto, case when t.entered_day > upto then t.id else -t.id end
    ), differs as (
        select d.day, d.working
        from told cross join lateral jsonb_to_recordset(told.days) d (day date, working boolean)
    )
    select g.day::date, coalesce(sum(case when w.works then hours else 0 end) over (
               order by g.day rows between unbounded preceding and 1 preceding), 0), w.works
    from generate_series(first, last, interval '1 day') g (day)
    left join differs d on d.day = g.day::date
    cross join lateral (select coalesce(d.working, extract(isodow from g.day) < 6) as works) w
$$;
select data.patch('data.board_cycle(date, text, integer, time, time)', jsonb_build_array(jsonb_build_array(
$w$            data.worked_before(d.first, d.last, o.hours) w$w$,
$w$            data.worked_before(d.first, d.last, o.hours, upto) w$w$)));
drop function data.worked_before(date, date, double precision);

---------------------------------------------------------------------------- batches
-- The day on which an entry was taken out is that of its own time, whatever the cut-off is later.
alter table data.batch_item add column removed_day date;
update data.batch_item set removed_day = data.reporting_day(removed_at) where removed_at is not null;
select data.patch('api.take_from_batch(bigint, bigint, text)', jsonb_build_array(jsonb_build_array(
$w$set removed_at = data.office_now(),$w$,
$w$set removed_at = data.office_now(), removed_day = data.reporting_day(data.office_now()),$w$)));
select data.patch('data.batch_standing(date, jsonb)', jsonb_build_array(jsonb_build_array(
$w$(i.removed_at is null or data.reporting_day(i.removed_at) > upto)$w$,
$w$(i.removed_day is null or i.removed_day > upto)$w$)));

revoke all on function data.findings_of(data.hazard_case),
    data.worked_before(date, date, double precision, date) from public;
