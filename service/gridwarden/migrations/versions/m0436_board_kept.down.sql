drop trigger acts_to_keep on data.hazard_act;
drop function data.unkept_by_act();
drop function api.keep_board(integer);
drop function api.rows_behind(text, date, text, text, text, text, integer, time, time);
drop index data.hazard_act_late;

create or replace function api.entered_later(on_day date, by text) returns table (
    key text, acts bigint, new bigint, closed bigint, last_day date)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select data.board_key(entered_later.by, a.district_id, a.org_id, a.family), count(*),
           count(*) filter (where data.is_open(a.to_state) and not data.is_open(a.from_state)),
           count(*) filter (where data.is_open(a.from_state) and not data.is_open(a.to_state)),
           max(a.entered_day)
    from data.hazard_act a
    where a.day = on_day and a.entered_day > on_day
    group by 1
$$;

create type data.board_class as (key text, grade text, state text);

create function data.board_act(upto date) returns table (
    case_id bigint, version integer, at timestamptz, day date, happened date, grade text,
    district_id bigint, org_id bigint, family text, before text, state text, due_at timestamptz,
    cycle bigint)
    language sql stable as
$$
    select a.case_id, a.version, a.at, a.entered_day, a.day, a.grade, a.district_id, a.org_id,
           a.family, a.before, a.to_state, a.due_at,
           count(*) filter (where data.is_open(a.to_state) and not data.is_open(a.before))
               over (partition by a.case_id order by a.version)
    from (select h.case_id, h.version, h.at, h.entered_day, h.day, h.grade, h.district_id, h.org_id,
                 h.family, h.to_state, h.due_at,
                 lag(h.to_state) over (partition by h.case_id order by h.version) as before
          from data.hazard_act h where h.entered_day <= upto) a
$$;

create function data.board_day(upto date, by text) returns table (
    case_id bigint, day date, key text, grade text, key_before text, grade_before text,
    was_open boolean, now_open boolean, next_day date,
    new bigint, late bigint, reopened bigint, closed bigint, struck bigint)
    language sql stable as
$$
    select d.case_id, d.day, (d.last).key, (d.last).grade,
           lag((d.last).key) over w, lag((d.last).grade) over w,
           coalesce(lag(data.is_open((d.last).state)) over w, false), data.is_open((d.last).state),
           lead(d.day) over w, d.new, d.late, d.reopened, d.closed, d.struck
    from (
        select a.case_id, a.day,
               (array_agg(row(data.board_key(board_day.by, a.district_id, a.org_id, a.family), a.grade,
                              a.state)::data.board_class order by a.version desc))[1] as last,
               count(*) filter (where enters and not again and a.happened >= a.day) as new,
               count(*) filter (where enters and not again and a.happened < a.day) as late,
               count(*) filter (where enters and again) as reopened,
               count(*) filter (where leaves) as closed,
               count(*) filter (where leaves and a.state not in ('closed', 'looked_back')) as struck
        from data.board_act(upto) a
        cross join lateral (
            select data.is_open(a.state) and not data.is_open(a.before) as enters,
                   data.is_open(a.before) and not data.is_open(a.state) as leaves,
                   coalesce(a.before in ('closed', 'looked_back'), false) as again) e
        group by a.case_id, a.day
    ) d
    window w as (partition by d.case_id order by d.day)
$$;

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

create or replace function data.board_cycle(upto date, by text, recurrence integer, work_from time, work_to time)
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

create or replace function api.hazard_ledger(since date, until date, by text) returns table (
    day date, key text, grade text, opening bigint, moved bigint, new bigint, reopened bigint,
    late bigint, closed bigint, struck bigint, closing bigint)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    with entered as materialized (
        select * from data.board_day(hazard_ledger.until, hazard_ledger.by)
    ), standing as (
        -- a row stands from its day to the case's next one
        select e.day, e.key, e.grade, 1 as n from entered e where e.now_open
        union all
        select e.next_day, e.key, e.grade, -1 from entered e
        where e.now_open and e.next_day is not null
    ), moving as (
        select e.day, e.key, e.grade, 1 as n from entered e
        where e.was_open and (e.key, e.grade) is distinct from (e.key_before, e.grade_before)
        union all
        select e.day, e.key_before, e.grade_before, -1 from entered e
        where e.was_open and (e.key, e.grade) is distinct from (e.key_before, e.grade_before)
    ), summed as (
        select s.day, s.key, s.grade, sum(s.open) as open, sum(s.moved) as moved, sum(s.new) as new,
               sum(s.reopened) as reopened, sum(s.late) as late, sum(s.closed) as closed,
               sum(s.struck) as struck
        from (
            select day, key, grade, n as open, 0 as moved, 0 as new, 0 as reopened, 0 as late,
                   0 as closed, 0 as struck from standing
            union all
            select day, key, grade, 0, n, 0, 0, 0, 0, 0 from moving
            union all
            select e.day, e.key, e.grade, 0, 0, e.new, e.reopened, e.late, e.closed, e.struck
            from entered e
        ) s
        group by s.day, s.key, s.grade
    ), class as (
        select distinct s.key, s.grade from summed s
    ), ground as (
        -- the day before the first one carries all that was before
        select g.day::date as day, c.key, c.grade
        from generate_series(hazard_ledger.since - 1, hazard_ledger.until, interval '1 day') g (day)
        cross join class c
    ), carried as (
        select g.day, g.key, g.grade, s.moved, s.new, s.reopened, s.late, s.closed, s.struck,
               coalesce(case when g.day < hazard_ledger.since then b.open else s.open end, 0) as open
        from ground g
        left join summed s on s.day = g.day and s.key is not distinct from g.key
            and s.grade is not distinct from g.grade
        left join lateral (select sum(o.open) as open from summed o
                           where g.day < hazard_ledger.since and o.day <= g.day
                             and o.key is not distinct from g.key
                             and o.grade is not distinct from g.grade) b on true
    ), closing as (
        select c.*, sum(c.open) over (partition by c.key, c.grade order by c.day) as closing
        from carried c
    ), both_ends as (
        select c.*, lag(c.closing) over (partition by c.key, c.grade order by c.day) as yesterday
        from closing c
    )
    select b.day, b.key, b.grade, (b.yesterday + coalesce(b.moved, 0))::bigint,
           coalesce(b.moved, 0)::bigint, coalesce(b.new, 0)::bigint, coalesce(b.reopened, 0)::bigint,
           coalesce(b.late, 0)::bigint, coalesce(b.closed, 0)::bigint,
           coalesce(b.struck, 0)::bigint, b.closing::bigint
    from both_ends b
    where b.day >= hazard_ledger.since
    order by b.day, b.key, b.grade
$$;

create function data.ledger_rows(on_day date, by text, key text, grade text, figure text)
    returns table (case_id bigint, times bigint)
    language sql stable as
$$
    with last as (
        select distinct on (e.case_id) e.*
        from data.board_day(on_day, ledger_rows.by) e
        order by e.case_id, e.day desc
    )
    select l.case_id, t.times
    from last l
    cross join lateral (
        select case ledger_rows.figure
            when 'closing' then l.now_open::integer::bigint
            when 'opening' then (case when l.day = on_day then l.was_open
                                      else l.now_open end)::integer::bigint
            when 'moved' then case when l.day = on_day and l.was_open
                and (l.key, l.grade) is distinct from (l.key_before, l.grade_before) then 1 else 0 end
            else case when l.day < on_day then 0 else case ledger_rows.figure
                when 'new' then l.new when 'reopened' then l.reopened when 'late' then l.late
                when 'closed' then l.closed when 'struck' then l.struck end end
            end as times) t
    where t.times <> 0 and data.in_class(l.key, ledger_rows.key)
      and data.in_class(l.grade, ledger_rows.grade)
    union all
    select l.case_id, -1
    from last l
    where ledger_rows.figure = 'moved' and l.day = on_day and l.was_open
      and (l.key, l.grade) is distinct from (l.key_before, l.grade_before)
      and data.in_class(l.key_before, ledger_rows.key)
      and data.in_class(l.grade_before, ledger_rows.grade)
    union all
    select a.case_id, count(*)
    from data.hazard_act a
    where ledger_rows.figure = 'entered_later' and a.day = on_day and a.entered_day > on_day
      and data.in_class(data.board_key(ledger_rows.by, a.district_id, a.org_id, a.family),
                        ledger_rows.key)
      and data.in_class(a.grade, ledger_rows.grade)
    group by a.case_id
$$;

create function api.ledger_rows(on_day date, by text, key text, grade text, figure text)
    returns table (case_id bigint, times bigint)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$ select r.case_id, r.times
   from data.ledger_rows(on_day, ledger_rows.by, ledger_rows.key, ledger_rows.grade, figure) r $$;

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

drop function data.board_between(date, date);
drop function data.board_days_of(bigint[]);
drop table data.board_unkept;
drop table data.board_case_day;
drop type data.board_cycle_kept;
revoke all on function data.board_act(date), data.board_day(date, text), data.board_due(date),
    data.ledger_rows(date, text, text, text, text), api.ledger_rows(date, text, text, text, text),
    api.board_rows(date, text, text, text, integer, time, time) from public;
grant execute on function api.ledger_rows(date, text, text, text, text),
    api.board_rows(date, text, text, text, integer, time, time)
    to gridwarden_supervisor, gridwarden_planner, gridwarden_inspector;
