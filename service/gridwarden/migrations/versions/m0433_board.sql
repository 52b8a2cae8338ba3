-- What the ten indicators are made of, counted of what had been entered by the end of a day.
--
-- Invariants (tests/hazards/test_board*.py): each figure is the sum of one column over cycles, so that its rows are
-- the cases where that column is not nought; a past day comes out the same whenever it is asked for,
-- because nothing is read but what is only added to, each row on the day on which it was entered.

-- The cut-off of a day, by the table that was in force on it.
create function data.cut_off(on_day date) returns timestamptz
    language sql stable as
$$
    select data.city_moment(on_day, coalesce((
        select t.cut_off from data.deadline_table t
        where data.city_day(t.at) <= on_day order by t.version desc limit 1), '17:00'))
$$;

-- Working hours from the beginning of the first day to that of each, in days of so many hours.
create function data.worked_before(first date, last date, hours double precision) returns table (
    day date, worked double precision, works boolean)
    language sql stable as
$$
    select g.day::date, coalesce(sum(case when w then hours else 0 end) over (
               order by g.day rows between unbounded preceding and 1 preceding), 0), w
    from generate_series(first, last, interval '1 day') g (day)
    cross join lateral (select data.is_working(g.day::date) as w) is_working
$$;

-- Hours of a working day that have passed at a local time.
create function data.hours_of_day(local timestamp, work_from time, work_to time)
    returns double precision language sql immutable parallel safe as
$$
    select greatest(0, least(extract(epoch from work_to - work_from),
                             extract(epoch from local::time - work_from))) / 3600.0
$$;

-- The due moment that counts for being on time: a later one counts when it was given before the
-- earlier had passed. So it is the first whose next change came too late, or never.
create function data.board_due(upto date) returns table (
    case_id bigint, cycle bigint, due_at timestamptz)
    language sql stable as
$$
    select distinct on (c.case_id, c.cycle) c.case_id, c.cycle, c.due_at
    from (
        select b.case_id, b.cycle, b.version, b.due_at,
               lead(b.at) over (partition by b.case_id, b.cycle order by b.version) as changed_at
        from (select a.case_id, a.cycle, a.version, a.at, a.due_at,
                     lag(a.due_at) over (partition by a.case_id, a.cycle order by a.version) as before
              from data.board_act(upto) a where a.cycle > 0) b
        where b.due_at is not null and b.due_at is distinct from b.before
    ) c
    where c.changed_at is null or c.changed_at > c.due_at
    order by c.case_id, c.cycle, c.version
$$;

-- One row a cycle. What a case is once (found, closed, open, overdue) stands in its last one. Cases
-- that were struck off have none.
create function data.board_cycle(upto date, by text, recurrence integer, work_from time, work_to time)
    returns table (case_id bigint, key text, found integer, closed integer, due integer,
        on_time integer, open integer, overdue integer, overdue_major integer, claimed integer,
        rechecked integer, first_checked integer, first_passed integer, returned integer,
        closings integer, recurred integer, timed integer, late integer, hours double precision,
        open_hours double precision)
    language sql stable as
$$
    with office as materialized (
        select data.cut_off(upto) as until, extract(epoch from work_to - work_from) / 3600.0 as hours,
               coalesce(nullif(current_setting('gridwarden.zone', true), ''), 'UTC') as zone
    ), act as materialized (
        select a.*, a.before = 'awaiting_verification' and a.state <> 'awaiting_verification'
                    and a.state <> 'invalid' as checks
        from data.board_act(upto) a
    ), last as (
        select distinct on (a.case_id) a.case_id, a.state, a.grade, a.due_at, a.cycle,
               data.board_key(board_cycle.by, a.district_id, a.org_id, a.family) as key
        from act a order by a.case_id, a.version desc
    ), cycle as (
        select a.case_id, a.cycle, min(a.at) as begun_at, min(a.day) as begun_day,
               bool_or(data.is_open(a.state) and not data.is_open(a.before) and a.happened < a.day)
                   as late,
               min(a.at) filter (where a.state in ('closed', 'looked_back')) as closed_at,
               min(a.day) filter (where a.state in ('closed', 'looked_back')) as closed_day,
               count(*) filter (where a.state = 'awaiting_verification'
                   and a.before is distinct from 'awaiting_verification') as claimed,
               count(*) filter (where a.checks) as rechecked,
               count(*) filter (where a.checks and a.state not in ('closed', 'looked_back')) as returned,
               (array_agg(a.state order by a.version) filter (where a.checks))[1]
                   in ('closed', 'looked_back') as passed
        from act a where a.cycle > 0
        group by a.case_id, a.cycle
    ), whole as (
        select c.*, l.key, data.is_open(l.state) and c.cycle = l.cycle as open,
               c.cycle = l.cycle as is_last, l.grade, l.due_at as due_now, d.due_at, o.until,
               c.begun_at at time zone o.zone as begun,
               coalesce(c.closed_at, greatest(o.until, c.begun_at)) at time zone o.zone as ended,
               lead(c.begun_day) over (partition by c.case_id order by c.cycle) as begun_again
        from cycle c
        join last l using (case_id)
        cross join office o
        left join data.board_due(upto) d on d.case_id = c.case_id and d.cycle = c.cycle
        where data.is_open(l.state) or l.state in ('closed', 'looked_back')
    ), calendar as materialized (
        select w.* from office o, (select min(begun)::date as first, max(ended)::date as last from whole) d,
            data.worked_before(d.first, d.last, o.hours) w
    ), worked as (
        select w.*, e.worked + case when e.works then data.hours_of_day(w.ended, work_from, work_to)
                               else 0 end
                    - b.worked - case when b.works then data.hours_of_day(w.begun, work_from, work_to)
                                 else 0 end as hours
        from whole w
        join calendar b on b.day = w.begun::date
        join calendar e on e.day = w.ended::date
    )
    select w.case_id, w.key, w.is_last::integer, (w.is_last and not w.open)::integer,
           coalesce(w.due_at <= w.until, false)::integer,
           coalesce(w.due_at <= w.until and w.closed_at <= w.due_at, false)::integer,
           w.open::integer, coalesce(w.open and w.due_now < w.until, false)::integer,
           coalesce(w.open and w.due_now < w.until and w.grade = 'major', false)::integer,
           w.claimed::integer, w.rechecked::integer, (w.rechecked > 0)::integer,
           coalesce(w.passed, false)::integer, w.returned::integer,
           (w.closed_at is not null)::integer,
           coalesce(w.begun_again <= w.closed_day + recurrence, false)::integer,
           (w.closed_at is not null)::integer, w.late::integer,
           case when w.closed_at is not null then w.hours end, case when w.open then w.hours end
    from worked w
$$;

-- Listed supervision up to a day: how often each group's cases were put on the list, and taken off.
create function data.board_listed(upto date, by text) returns table (
    case_id bigint, key text, listed integer, delisted integer)
    language sql stable as
$$ select null::bigint, null::text, 0, 0 where false $$;

---------------------------------------------------------------------------- the board
-- All counts of each group on a day, in one statement. Districts are there with nothing, too; the
-- stock is the last one that had been counted by then.
create function api.board(on_day date, by text, recurrence integer, work_from time, work_to time)
    returns table (key text, name text, counts jsonb)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    with cases as (
        select c.key, sum(found) as found, sum(closed) as closed, sum(due) as due,
               sum(on_time) as on_time, sum(open) as open, sum(overdue) as overdue,
               sum(overdue_major) as overdue_major, sum(claimed) as claimed,
               sum(rechecked) as rechecked, sum(first_checked) as first_checked,
               sum(first_passed) as first_passed, sum(returned) as returned,
               sum(closings) as closings, sum(recurred) as recurred, sum(timed) as timed,
               sum(late) as late,
               percentile_cont(0.5) within group (order by hours) as hours,
               percentile_cont(0.5) within group (order by open_hours) as open_hours
        from data.board_cycle(on_day, board.by, recurrence, work_from, work_to) c
        group by c.key
    ), visits as (
        select data.board_key(board.by, s.district_id, s.org_id, s.family) as key,
               count(*) as spot_checked, count(*) filter (where s.outcome = 'missed') as missed,
               count(*) filter (where s.outcome = 'false') as false
        from data.spot_check s where s.entered_day <= on_day
        group by 1
    ), surveys as (
        select data.board_key(board.by, r.district_id, r.org_id, null) as key,
               sum(r.quantity) filter (where r.measure = 'known')::bigint as known,
               sum(r.quantity) filter (where r.measure = 'surveyed')::bigint as surveyed
        from data.programme_standing(on_day) r
        where r.measure in ('known', 'surveyed') and board.by in ('district', 'organisation')
        group by 1
    ), lists as (
        select l.key, sum(l.listed) as listed, sum(l.delisted) as delisted
        from data.board_listed(on_day, board.by) l group by l.key
    ), stocks as (
        select distinct on (s.district_id) s.district_id::text as key, s.households, s.buildings
        from data.stock_count s where s.day <= on_day and board.by = 'district'
        order by s.district_id, s.day desc
    ), groups as (
        select key from cases
        union select key from visits where key is not null
        union select key from surveys where key is not null
        union select key from lists where key is not null
        union select d.id::text from data.districts d where board.by = 'district'
    )
    select g.key, case board.by when 'district' then d.name when 'organisation' then o.name end,
           jsonb_strip_nulls(coalesce(to_jsonb(c), '{}') || coalesce(to_jsonb(v), '{}')
               || coalesce(to_jsonb(s), '{}') || coalesce(to_jsonb(l), '{}')
               || coalesce(to_jsonb(k), '{}')) - 'key'
    from groups g
    left join cases c on c.key is not distinct from g.key
    left join visits v on v.key = g.key
    left join surveys s on s.key = g.key
    left join lists l on l.key = g.key
    left join stocks k on k.key = g.key
    left join data.districts d on board.by = 'district' and d.id::text = g.key
    left join data.organisations o on board.by = 'organisation' and o.id::text = g.key
$$;

-- The cases behind one count of the board, and how often each counts in it.
create function api.board_rows(on_day date, by text, key text, figure text, recurrence integer,
    work_from time, work_to time) returns table (case_id bigint, times bigint)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select c.case_id, sum(n.times)
    from data.board_cycle(on_day, board_rows.by, recurrence, work_from, work_to) c
    cross join lateral (select (to_jsonb(c) ->> figure)::bigint as times) n
    where n.times > 0 and figure not in ('case_id', 'key', 'hours', 'open_hours')
      and data.in_class(c.key, board_rows.key)
    group by c.case_id
    union all
    select l.case_id, sum((to_jsonb(l) ->> figure)::bigint)
    from data.board_listed(on_day, board_rows.by) l
    where figure in ('listed', 'delisted') and data.in_class(l.key, board_rows.key)
    group by l.case_id
    having sum((to_jsonb(l) ->> figure)::bigint) > 0
$$;

revoke all on function data.cut_off(date), data.worked_before(date, date, double precision),
    data.board_due(date), data.board_cycle(date, text, integer, time, time),
    data.hours_of_day(timestamp, time, time), data.board_listed(date, text),
    api.board(date, text, integer, time, time),
    api.board_rows(date, text, text, text, integer, time, time) from public;
grant execute on function api.board(date, text, integer, time, time),
    api.board_rows(date, text, text, text, integer, time, time)
    to gridwarden_supervisor, gridwarden_planner, gridwarden_inspector;
