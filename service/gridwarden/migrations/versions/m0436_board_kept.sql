-- How each case stood after each day on which something of it was entered: a board reads one row a
-- case, a ledger those of its days, and neither reads every act.
--
-- Invariants (tests/hazards/test_board_kept.py): kept rows say nothing that the acts do not; a case
-- with an act that they do not hold has a line in data.board_unkept, written in the act's own
-- transaction, and is counted from its acts. So a board is the same whether anything is kept or not.
create type data.board_cycle_kept as (
    begun_at timestamptz, begun_day date, late boolean, closed_at timestamptz, closed_day date,
    claimed integer, rechecked integer, returned integer, passed boolean, due_at timestamptz);

create table data.board_case_day (
    case_id bigint not null,
    day date not null,
    next_day date,
    state text not null,
    grade text,
    district_id bigint,
    org_id bigint,
    family text not null,
    due_at timestamptz,
    state_before text,
    grade_before text,
    district_before bigint,
    org_before bigint,
    family_before text,
    new integer not null,
    late integer not null,
    reopened integer not null,
    closed integer not null,
    struck integer not null,
    cycles data.board_cycle_kept[] not null,
    primary key (case_id, day)
);
comment on table data.board_case_day is
    'A case from a day on which something of it was entered to the next such day: how it stood before '
    'and after, what happened between, and its cycles up to then. Made of data.hazard_act alone.';
create index board_case_day_next on data.board_case_day (next_day);

create table data.board_unkept (case_id bigint not null);
comment on table data.board_unkept is 'A line for each act whose case data.board_case_day does not hold yet.';
insert into data.board_unkept select distinct a.case_id from data.hazard_act a;

create function data.unkept_by_act() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    insert into data.board_unkept select distinct a.case_id from acts a;
    return null;
end
$$;
create trigger acts_to_keep after insert on data.hazard_act
    referencing new table as acts for each statement execute function data.unkept_by_act();

-- The rows of these cases, from their acts. A case's cycles are in their order: the first begins when
-- it enters the ledger, the next when it does so again.
create function data.board_days_of(cases bigint[]) returns setof data.board_case_day
    language sql stable as
$$
    with act as materialized (
        select a.*, count(*) filter (where a.enters) over (partition by a.case_id order by a.version) as cycle
        from (
            select h.*, data.is_open(h.state) and not data.is_open(h.before) as enters,
                   data.is_open(h.before) and not data.is_open(h.state) as leaves,
                   coalesce(h.before in ('closed', 'looked_back'), false) as again,
                   h.state in ('closed', 'looked_back') as done,
                   h.before = 'awaiting_verification'
                       and h.state not in ('awaiting_verification', 'invalid') as checks
            from (
                select x.case_id, x.version, x.at, x.entered_day as day, x.day as happened, x.grade,
                       x.district_id, x.org_id, x.family, x.to_state as state, x.due_at,
                       lag(x.to_state) over (partition by x.case_id order by x.version) as before
                from unnest(cases) c (id) join data.hazard_act x on x.case_id = c.id
            ) h
        ) a
    ), given as (
        -- due moments as they changed, each with the next change
        select g.case_id, g.version, g.due_at, lead(g.version) over w as next_version,
               lead(g.at) over w as changed_at
        from (select a.case_id, a.cycle, a.version, a.at, a.due_at,
                     lag(a.due_at) over (partition by a.case_id, a.cycle order by a.version) as earlier
              from act a where a.cycle > 0) g
        where g.due_at is not null and g.due_at is distinct from g.earlier
        window w as (partition by g.case_id, g.cycle order by g.version)
    ), days as (
        select a.case_id, a.day, max(a.version) as upto,
               count(*) filter (where a.enters and not a.again and a.happened >= a.day) as new,
               count(*) filter (where a.enters and not a.again and a.happened < a.day) as late,
               count(*) filter (where a.enters and a.again) as reopened,
               count(*) filter (where a.leaves) as closed,
               count(*) filter (where a.leaves and not a.done) as struck
        from act a
        group by a.case_id, a.day
    ), cycle as (
        -- The due moment that counts for being on time: a later one counts when it was given before
        -- the earlier had passed; so it is the first whose next change came too late, or never.
        select d.case_id, d.day, a.cycle, row(
            min(a.at), min(a.day), bool_or(a.enters and a.happened < a.day),
            min(a.at) filter (where a.done), min(a.day) filter (where a.done),
            count(*) filter (where a.state = 'awaiting_verification'
                and a.before is distinct from 'awaiting_verification'),
            count(*) filter (where a.checks), count(*) filter (where a.checks and not a.done),
            (array_agg(a.done order by a.version) filter (where a.checks))[1],
            (array_agg(g.due_at order by a.version) filter (where g.due_at is not null
                and (g.next_version is null or g.next_version > d.upto or g.changed_at > g.due_at)))[1]
            )::data.board_cycle_kept as told
        from days d
        join act a on a.case_id = d.case_id and a.version <= d.upto and a.cycle > 0
        left join given g on g.case_id = a.case_id and g.version = a.version
        group by d.case_id, d.day, a.cycle
    ), cycles as (
        select c.case_id, c.day, array_agg(c.told order by c.cycle) as told
        from cycle c group by c.case_id, c.day
    )
    select d.case_id, d.day, lead(d.day) over w, l.state, l.grade, l.district_id, l.org_id, l.family,
           l.due_at, lag(l.state) over w, lag(l.grade) over w, lag(l.district_id) over w,
           lag(l.org_id) over w, lag(l.family) over w, d.new::integer, d.late::integer,
           d.reopened::integer, d.closed::integer, d.struck::integer, coalesce(c.told, '{}')
    from days d
    join act l on l.case_id = d.case_id and l.version = d.upto
    left join cycles c on c.case_id = d.case_id and c.day = d.day
    window w as (partition by d.case_id order by d.day)
$$;

-- Every row that held on one of these days, kept or counted now.
create function data.board_between(first date, last date) returns setof data.board_case_day
    language sql stable as
$$
    select k.* from data.board_case_day k
    where k.day <= last and (k.next_day is null or k.next_day > first)
      and not exists (select from data.board_unkept u where u.case_id = k.case_id)
    union all
    select n.* from data.board_days_of((select array_agg(distinct u.case_id) from data.board_unkept u)) n
    where n.day <= last and (n.next_day is null or n.next_day > first)
$$;

-- Keep what was not kept, of at most so many acts; of how many cases.
create function api.keep_board(at_most integer) returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    taken bigint[];
begin
    -- one at a time: each replaces whole cases
    perform pg_advisory_xact_lock(hashtext('gridwarden board kept'));
    with gone as (
        delete from data.board_unkept u where u.ctid = any (array(
            select q.ctid from data.board_unkept q limit at_most))
        returning u.case_id)
    select array_agg(distinct g.case_id) into taken from gone g;
    if taken is null then
        return 0;
    end if;
    delete from data.board_case_day d where d.case_id = any (taken);
    insert into data.board_case_day select n.* from data.board_days_of(taken) n;
    return cardinality(taken);
end
$$;

---------------------------------------------------------------------------- the board's counts
-- One row a cycle. What a case is once (found, closed, open, overdue) stands in its last one. Cases
-- that were struck off have none.
create or replace function data.board_cycle(upto date, by text, recurrence integer, work_from time,
    work_to time)
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
    ), whole as materialized (
        select s.case_id, data.board_key(board_cycle.by, s.district_id, s.org_id, s.family) as key,
               s.grade, s.due_at as due_now, c.*, o.until, c.place = cardinality(s.cycles) as is_last,
               data.is_open(s.state) and c.place = cardinality(s.cycles) as open,
               (s.cycles[c.place + 1]).begun_day as begun_again,
               c.begun_at at time zone o.zone as begun,
               coalesce(c.closed_at, greatest(o.until, c.begun_at)) at time zone o.zone as ended
        from data.board_between(upto, upto) s
        cross join office o
        cross join lateral unnest(s.cycles) with ordinality c (begun_at, begun_day, late, closed_at,
            closed_day, claimed, rechecked, returned, passed, due_at, place)
        where data.is_open(s.state) or s.state in ('closed', 'looked_back')
    ), calendar as materialized (
        select w.* from office o,
            (select min(begun)::date as first, max(ended)::date as last from whole) d,
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
           w.claimed, w.rechecked, (w.rechecked > 0)::integer,
           coalesce(w.passed, false)::integer, w.returned,
           (w.closed_at is not null)::integer,
           coalesce(w.begun_again <= w.closed_day + recurrence, false)::integer,
           (w.closed_at is not null)::integer, w.late::integer,
           case when w.closed_at is not null then w.hours end, case when w.open then w.hours end
    from worked w
$$;

---------------------------------------------------------------------------- the ledger
-- Each class (group and grade) on each of these days. `moved`: what came from another class less
-- what went to one, at the beginning of the day; `struck`: of the closed, those struck off.
create or replace function api.hazard_ledger(since date, until date, by text) returns table (
    day date, key text, grade text, opening bigint, moved bigint, new bigint, reopened bigint,
    late bigint, closed bigint, struck bigint, closing bigint)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    with stood as materialized (
        select b.day, b.day < hazard_ledger.since as earlier, b.grade, b.grade_before,
               data.board_key(hazard_ledger.by, b.district_id, b.org_id, b.family) as key,
               data.board_key(hazard_ledger.by, b.district_before, b.org_before, b.family_before)
                   as key_before,
               data.is_open(b.state) as now_open, data.is_open(b.state_before) as was_open,
               b.new, b.reopened, b.late, b.closed, b.struck
        from data.board_between(hazard_ledger.since - 1, hazard_ledger.until) b
    ), entered as (
        select s.*, s.was_open and (s.key, s.grade) is distinct from (s.key_before, s.grade_before)
                   as moves
        from stood s where not s.earlier
    ), summed as (
        select s.day, s.key, s.grade, sum(s.open) as open, sum(s.moved) as moved, sum(s.new) as new,
               sum(s.reopened) as reopened, sum(s.late) as late, sum(s.closed) as closed,
               sum(s.struck) as struck
        from (
            -- the day before the first one carries all that was before
            select hazard_ledger.since - 1 as day, key, grade, now_open::integer as open, 0 as moved,
                   0 as new, 0 as reopened, 0 as late, 0 as closed, 0 as struck
            from stood where earlier
            union all
            select day, key, grade, now_open::integer, moves::integer, new, reopened, late, closed,
                   struck from entered
            union all
            select day, key_before, grade_before, -1, -moves::integer, 0, 0, 0, 0, 0
            from entered where was_open
        ) s
        group by s.day, s.key, s.grade
    ), class as (
        select distinct s.key, s.grade from summed s
    ), closing as (
        select g.day::date as day, c.key, c.grade, s.moved, s.new, s.reopened, s.late, s.closed, s.struck,
               sum(coalesce(s.open, 0)) over (partition by c.key, c.grade order by g.day) as closing
        from generate_series(hazard_ledger.since - 1, hazard_ledger.until, interval '1 day') g (day)
        cross join class c
        left join summed s on s.day = g.day::date and s.key is not distinct from c.key
            and s.grade is not distinct from c.grade
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

---------------------------------------------------------------------------- the rows behind a figure
-- The cases behind one figure of the board (`kind` board) or of a day's ledger (ledger), and how often
-- each counts in it (moved: 1 or -1).
drop function api.board_rows(date, text, text, text, integer, time, time);
drop function api.ledger_rows(date, text, text, text, text);
drop function data.ledger_rows(date, text, text, text, text);
create function api.rows_behind(kind text, on_day date, by text, key text, grade text, figure text,
    recurrence integer, work_from time, work_to time) returns table (case_id bigint, times bigint)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select c.case_id, sum(n.times)
    from data.board_cycle(on_day, rows_behind.by, recurrence, work_from, work_to) c
    cross join lateral (select case rows_behind.figure
        when 'found' then c.found when 'closed' then c.closed when 'due' then c.due
        when 'on_time' then c.on_time when 'open' then c.open when 'overdue' then c.overdue
        when 'overdue_major' then c.overdue_major when 'claimed' then c.claimed
        when 'rechecked' then c.rechecked when 'first_checked' then c.first_checked
        when 'first_passed' then c.first_passed when 'returned' then c.returned
        when 'closings' then c.closings when 'recurred' then c.recurred when 'timed' then c.timed
        when 'late' then c.late end as times) n
    where rows_behind.kind = 'board' and n.times > 0 and data.in_class(c.key, rows_behind.key)
    group by c.case_id
    union all
    select l.case_id, sum(n.times)
    from data.board_listed(on_day, rows_behind.by) l
    cross join lateral (select case rows_behind.figure when 'listed' then l.listed
                               when 'delisted' then l.delisted end as times) n
    where rows_behind.kind = 'board' and n.times > 0 and data.in_class(l.key, rows_behind.key)
    group by l.case_id
    union all
    select s.case_id, t.times
    from data.board_between(on_day, on_day) s
    cross join lateral (
        select data.board_key(rows_behind.by, s.district_id, s.org_id, s.family) as key,
               data.board_key(rows_behind.by, s.district_before, s.org_before, s.family_before) as key_before,
               s.day = on_day as today, data.is_open(s.state) as now_open,
               data.is_open(s.state_before) as was_open) k
    cross join lateral (select k.today and k.was_open
        and (k.key, s.grade) is distinct from (k.key_before, s.grade_before) as moves) m
    cross join lateral (
        select k.key, s.grade, case rows_behind.figure
            when 'closing' then k.now_open::integer
            when 'opening' then (case when k.today then k.was_open else k.now_open end)::integer
            when 'moved' then m.moves::integer
            else case when k.today then case rows_behind.figure
                when 'new' then s.new when 'reopened' then s.reopened when 'late' then s.late
                when 'closed' then s.closed when 'struck' then s.struck end end
            end as times
        union all
        select k.key_before, s.grade_before, -1 where rows_behind.figure = 'moved' and m.moves) t
    where rows_behind.kind = 'ledger' and t.times <> 0 and data.in_class(t.key, rows_behind.key)
      and data.in_class(t.grade, rows_behind.grade)
    union all
    select a.case_id, count(*)
    from data.hazard_act a
    where rows_behind.kind = 'ledger' and rows_behind.figure = 'entered_later'
      and a.day = on_day and a.entered_day > on_day and a.entered_day > a.day
      and data.in_class(data.board_key(rows_behind.by, a.district_id, a.org_id, a.family),
                        rows_behind.key)
      and data.in_class(a.grade, rows_behind.grade)
    group by a.case_id
$$;

drop function data.board_due(date);
drop function data.board_day(date, text);
drop function data.board_act(date);
drop type data.board_class;

-- What was entered later of a day is asked with every board.
create index hazard_act_late on data.hazard_act (day) where entered_day > day;
create or replace function api.entered_later(on_day date, by text) returns table (
    key text, acts bigint, new bigint, closed bigint, last_day date)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select data.board_key(entered_later.by, a.district_id, a.org_id, a.family), count(*),
           count(*) filter (where data.is_open(a.to_state) and not data.is_open(a.from_state)),
           count(*) filter (where data.is_open(a.from_state) and not data.is_open(a.to_state)),
           max(a.entered_day)
    from data.hazard_act a
    where a.day = on_day and a.entered_day > on_day and a.entered_day > a.day
    group by 1
$$;

revoke all on function data.unkept_by_act(), data.board_days_of(bigint[]), data.board_between(date, date),
    api.keep_board(integer),
    api.rows_behind(text, date, text, text, text, text, integer, time, time) from public;
grant execute on function api.keep_board(integer) to gridwarden_screen;
grant execute on function api.rows_behind(text, date, text, text, text, text, integer, time, time)
    to gridwarden_supervisor, gridwarden_planner, gridwarden_inspector;
