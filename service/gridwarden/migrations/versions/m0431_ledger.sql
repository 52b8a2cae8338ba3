-- The ledger of each day, read from data.hazard_act alone.
--
-- Invariants (tests/hazards/test_board_ledger.py): everything counts on the day on which it was entered, so that
-- no day is another one later; for every class and day opening + new + reopened + late - closed =
-- closing, where closing is read from states and the movements from moves; yesterday's closing and
-- what moved between classes make today's opening, and what moved comes to nothing over all of them.

-- A case in one of these states stands in the ledger; a suspected one does not yet, one that is
-- closed or struck off (invalid) no longer.
create function data.is_open(state text) returns boolean
    language sql immutable parallel safe as
$$ select coalesce(state in ('registered', 'assessed', 'assigned', 'rectifying',
                             'awaiting_verification', 'returned', 'deferred'), false) $$;

-- What a group is called by: district, organisation, family.
create function data.board_key(asked text, district_id bigint, org_id bigint, family text)
    returns text language sql immutable parallel safe as
$$ select case asked when 'district' then district_id::text when 'organisation' then org_id::text
                     when 'family' then family end $$;

-- Every act that had been entered by the end of a day, with the state before it and its cycle: the
-- first begins when the case enters the ledger, the next when it does so again.
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

-- How a case stood after an act.
create type data.board_class as (key text, grade text, state text);

-- One row a case and day on which something was entered of it: how it stood before and after, in
-- which classes, and what happened between.
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

---------------------------------------------------------------------------- the ledger
-- Each class (group and grade) on each of these days. `moved`: what came from another class less
-- what went to one, at the beginning of the day; `struck`: of the closed, those struck off.
create function api.hazard_ledger(since date, until date, by text) returns table (
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

-- Whether a value is the one asked for: nothing asks for all, `none` for those without one.
create function data.in_class(value text, asked text) returns boolean
    language sql immutable parallel safe as
$$ select asked is null or coalesce(value, 'none') = asked $$;

-- The cases behind one figure of the ledger, and how often each counts in it (moved: 1 or -1).
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

-- What was entered after a day of what had happened on it: told beside a signed day.
create function api.entered_later(on_day date, by text) returns table (
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

-- The day that is being reported: after the cut-off it is tomorrow's.
create function api.board_today() returns date
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select data.reporting_day(data.office_now()) $$;

-- Names in the order of each language (Chinese by pinyin), as ICU sorts them.
create function api.name_order(names text[], lang text) returns table (name text, place bigint)
    language sql stable as
$$
    select n.name, case name_order.lang
        when 'zh' then row_number() over (order by n.name collate "zh-x-icu", n.name)
        else row_number() over (order by n.name collate "en-x-icu", n.name) end
    from (select distinct u.name from unnest(name_order.names) u (name)) n
$$;

revoke all on function data.is_open(text), data.in_class(text, text), data.board_key(text, bigint, bigint, text),
    data.board_act(date), data.board_day(date, text), api.hazard_ledger(date, date, text),
    data.ledger_rows(date, text, text, text, text), api.ledger_rows(date, text, text, text, text),
    api.entered_later(date, text), api.board_today(), api.name_order(text[], text) from public;
grant execute on function api.hazard_ledger(date, date, text),
    api.ledger_rows(date, text, text, text, text), api.entered_later(date, text), api.board_today(),
    api.name_order(text[], text) to gridwarden_supervisor, gridwarden_planner, gridwarden_inspector;
