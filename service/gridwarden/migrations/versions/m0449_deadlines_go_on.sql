-- A deadline is one: who defers a case stops it, who resumes the case lets it go on, and another grade
-- takes nothing back of what is late (docs/hazards-deadlines.md).

-- A due moment whose time stood still between two moments. The working days that were left are left
-- again; where it was told in hours (not to a cut-off), the hours. What was late already stays due when it
-- was: deferring makes no late case look as if it had never been late.
create function data.due_going_on(due timestamptz, stopped timestamptz, resumed timestamptz)
    returns timestamptz
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select case
        when due <= stopped then due
        when due <> data.city_moment(data.city_day(due), o.cut_off) then resumed + (due - stopped)
        else data.city_moment(data.working_day_after(data.reporting_day(resumed), (
            select count(*)::integer
            from generate_series(1, data.city_day(due) - o.day) s
            where data.is_working(o.day + s))), o.cut_off) end
    from (select coalesce((select (data.deadlines_now()).cut_off), '17:00') as cut_off,
                 data.reporting_day(stopped) as day) o
$$;

-- When a deferred case is due that is resumed at a moment.
create function data.due_left(c data.hazard_case, resumed timestamptz) returns timestamptz
    language sql stable set search_path = pg_catalog, public, pg_temp as
$$
    select data.due_going_on(c.due_at, least(a.at, data.city_moment(a.day,
               coalesce((select (data.deadlines_now()).cut_off), '17:00'))), due_left.resumed)
    from data.hazard_act a where a.case_id = c.id and a.act = 'defer'
    order by a.version desc limit 1
$$;

-- When a case is due whose grade becomes another one at a moment. What is late stays due when it was. A
-- higher grade's period begins then, and ends no later than the former one; a lower grade's counts from
-- the assignment, and ends no earlier; a shorter time than the table's, that a person set or that was
-- left, stays.
create function data.due_regraded(c data.hazard_case, becomes text, regraded timestamptz)
    returns timestamptz
    language sql stable set search_path = pg_catalog, public, pg_temp as
$$
    select case
        when c.due_at <= due_regraded.regraded then c.due_at
        when data.severity_rank(due_regraded.becomes) > data.severity_rank(c.grade)
            then least(c.due_at, data.due_at(due_regraded.becomes, c.family, due_regraded.regraded))
        when c.due_at < data.due_at(c.grade, c.family, c.assigned_at) then c.due_at
        else greatest(c.due_at, data.due_at(due_regraded.becomes, c.family, c.assigned_at)) end
$$;

select data.patch('data.moved_case(data.hazard_case, data.hazard_case, data.hazard_transition, date, timestamptz)',
    jsonb_build_array(jsonb_build_array(
$w$            c.due_at := data.due_at(c.grade, c.family, b.assigned_at);
$w$,
$w$            c.due_at := data.due_regraded(b, c.grade, happened);
$w$),
    jsonb_build_array(
$w$        latest := coalesce(case when t.act = 'assign' then b.due_at end,
$w$,
$w$        latest := coalesce(case t.act when 'assign' then b.due_at
                                      when 'resume' then data.due_left(b, happened) end,
$w$)));
select data.patch('data.follow_by(text, timestamptz)',
    jsonb_build_array(jsonb_build_array(
$w$                          then data.due_at(m.severity, c.family, c.assigned_at) else c.due_at end,
$w$,
$w$                          then data.due_regraded(c, m.severity, moment) else c.due_at end,
$w$)));

-- For who resumes a case: until when at the latest.
create function api.due_left(case_id bigint) returns timestamptz
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select data.due_left(h, data.office_now())
    from data.hazard_case h
    where h.id = due_left.case_id and h.state = 'deferred'
      and exists (select from api.hazard_case v where v.id = h.id)
$$;

revoke all on function data.due_going_on(timestamptz, timestamptz, timestamptz), data.due_left(data.hazard_case, timestamptz),
    data.due_regraded(data.hazard_case, text, timestamptz), api.due_left(bigint) from public;
grant execute on function api.due_left(bigint) to gridwarden_utility, gridwarden_supervisor,
    gridwarden_planner, gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
