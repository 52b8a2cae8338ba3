-- When something is due: counted in working days, by a table that the office edits.
--
-- Invariants (tests/hazards/test_deadlines.py): the day on which a time begins is not counted; what
-- happens after the cut-off counts on the next day; a period ends at the cut-off of its last day; a
-- day of a year that nobody has told of is never said to be known.

---------------------------------------------------------------------------- the calendar
create table data.calendar_year (
    year integer primary key check (year between 2000 and 2200),
    source text not null check (length(btrim(source)) between 1 and 300),
    told_by text not null check (told_by in ('library', 'office')),
    person text,
    at timestamptz not null default clock_timestamp()
);
comment on table data.calendar_year is
    'Years whose holidays and make-up days are known. An office''s year stands before the library''s.';
create table data.calendar_day (
    day date primary key,
    year integer not null references data.calendar_year on delete cascade,
    working boolean not null,
    name text not null default ''
);
comment on table data.calendar_day is
    'Days that differ from the week: a weekday that is a holiday, a weekend''s day that is worked.';
create index calendar_day_year on data.calendar_day (year);

create function data.is_working(day date) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp as
$$ select coalesce((select c.working from data.calendar_day c where c.day = is_working.day),
                   extract(isodow from is_working.day) < 6) $$;

-- Whether the holidays of that day's year are known; where they are not, weeks are all that counts.
create function data.calendar_known(day date) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp as
$$ select exists (select from data.calendar_year y
                  where y.year = extract(year from calendar_known.day)::integer) $$;

-- The n-th working day after a day; with n = 0 the day itself, or the next working day.
create function data.working_day_after(day date, n integer) returns date
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select g.day
    from (select working_day_after.day + s as day
          from generate_series(least(greatest(n, 0), 1), 30 + 3 * least(greatest(n, 0), 1000)) s) g
    left join data.calendar_day c on c.day = g.day
    where coalesce(c.working, extract(isodow from g.day) < 6)
    order by g.day offset greatest(n, 1) - 1 limit 1
$$;

---------------------------------------------------------------------------- the office's table
create table data.deadline_table (
    version bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    person text,
    cut_off time not null,
    soon integer not null check (soon between 0 and 60),
    extension integer not null check (extension between 0 and 400),
    listing jsonb not null,
    said text not null
);
comment on table data.deadline_table is
    'Every version of the office''s table, as it was written (`said`); the newest is in force. `soon`: '
    'working days before the due day from which a case is due soon; `extension`: the longest one, working '
    'days; `listing`: days of 挂牌督办 for its decision, between reports of progress, until it goes higher.';
create table data.deadline (
    version bigint not null references data.deadline_table,
    grade text not null check (grade in ('general', 'serious', 'major')),
    family text not null default '',
    n integer not null check (n between 1 and 1000),
    unit text not null check (unit in ('working_days', 'calendar_days', 'hours')),
    source text not null,
    verified boolean not null,
    primary key (version, grade, family)
);
create table data.escalation (
    version bigint not null references data.deadline_table,
    grade text not null check (grade in ('general', 'serious', 'major')),
    level integer not null check (level between 1 and 9),
    after integer not null check (after between 1 and 1000),
    tells text[] not null check (tells <@ '{responsible,supervising,leader}' and tells <> '{}'),
    source text not null,
    verified boolean not null,
    primary key (version, grade, level)
);
create trigger deadline_table_stays before update or delete or truncate on data.deadline_table
    for each statement execute function data.audit_stays();

create function data.deadlines_now() returns data.deadline_table
    language sql stable set search_path = pg_catalog, pg_temp as
$$ select t.* from data.deadline_table t order by t.version desc limit 1 $$;

-- A time of a day in the city.
create function data.city_moment(day date, at time) returns timestamptz
    language sql stable set search_path = pg_catalog, pg_temp as
$$ select (city_moment.day + city_moment.at)
          at time zone coalesce(nullif(current_setting('gridwarden.zone', true), ''), 'UTC') $$;

-- The day that a moment counts on: after the cut-off it is the next one.
create function data.reporting_day(moment timestamptz) returns date
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select data.city_day(moment)
         + case when moment > data.city_moment(data.city_day(moment),
                    coalesce((select (data.deadlines_now()).cut_off), '17:00')) then 1 else 0 end
$$;

-- When a case of this grade (and family) is due that begins at a moment: the row of its family, else
-- the one for all. Days end at the cut-off of the last one; calendar days that end on a day of rest
-- end on the next working day. Null where the table has no row.
create function data.due_at(grade text, family text, begins timestamptz) returns timestamptz
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select case d.unit
               when 'hours' then begins + make_interval(hours => d.n)
               when 'working_days' then data.city_moment(
                   data.working_day_after(data.reporting_day(begins), d.n), t.cut_off)
               else data.city_moment(
                   data.working_day_after(data.reporting_day(begins) + d.n, 0), t.cut_off)
           end
    from data.deadlines_now() t
    join data.deadline d on d.version = t.version
    where d.grade = due_at.grade and d.family in (coalesce(due_at.family, ''), '')
    order by d.family desc limit 1
$$;

-- Working days past due, at least 1 once the moment has passed; 0 before, and for what has no due day.
create function data.overdue_days(due_at timestamptz, at timestamptz) returns integer
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select case when overdue_days.at > overdue_days.due_at then greatest(1, (
        select count(*)::integer
        from generate_series(1, data.city_day(overdue_days.at) - data.city_day(overdue_days.due_at)) s
        left join data.calendar_day c on c.day = data.city_day(overdue_days.due_at) + s
        where coalesce(c.working,
            extract(isodow from data.city_day(overdue_days.due_at) + s) < 6))) else 0 end
$$;

create function data.escalation_level(grade text, due_at timestamptz, at timestamptz) returns integer
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select case when escalation_level.at > escalation_level.due_at then coalesce((
        select max(e.level)
        from data.escalation e, data.overdue_days(escalation_level.due_at, escalation_level.at) d
        where e.version = (data.deadlines_now()).version and e.grade = escalation_level.grade
          and e.after <= d), 0) else 0 end
$$;

---------------------------------------------------------------------------- for who asks
create function api.overdue_days(due_at timestamptz, at timestamptz) returns integer
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select data.overdue_days(overdue_days.due_at, overdue_days.at) $$;
create function api.escalation_level(grade text, due_at timestamptz, at timestamptz) returns integer
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select data.escalation_level(escalation_level.grade, escalation_level.due_at, escalation_level.at) $$;
-- Whether the holidays on the way to a due day are known.
create function api.due_known(due_at timestamptz) returns boolean
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select data.calendar_known(data.city_day(due_known.due_at)) $$;
create function api.due_at(grade text, family text, begins timestamptz) returns timestamptz
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select data.due_at(due_at.grade, due_at.family, due_at.begins) $$;

-- The table in force and the years that are known, as one document.
create function api.deadlines() returns jsonb
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select jsonb_build_object('version', t.version, 'at', t.at, 'person', t.person,
        'cut_off', to_char(t.cut_off, 'HH24:MI'), 'soon', t.soon, 'extension', t.extension,
        'listing', t.listing, 'toml', t.said,
        'deadlines', (select coalesce(jsonb_agg(jsonb_build_object('grade', d.grade,
                'family', nullif(d.family, ''), 'n', d.n, 'unit', d.unit, 'source', d.source,
                'verified', d.verified)
            order by array_position('{general,serious,major}', d.grade), d.family), '[]')
            from data.deadline d where d.version = t.version),
        'escalations', (select coalesce(jsonb_agg(jsonb_build_object('grade', e.grade, 'level', e.level,
                'after', e.after, 'tells', e.tells, 'source', e.source, 'verified', e.verified)
            order by array_position('{general,serious,major}', e.grade), e.level), '[]')
            from data.escalation e where e.version = t.version),
        'years', (select coalesce(jsonb_agg(jsonb_build_object('year', y.year, 'source', y.source,
                'told_by', y.told_by, 'days', (select count(*) from data.calendar_day c
                                               where c.year = y.year)) order by y.year desc), '[]')
            from (select * from data.calendar_year order by year desc limit 8) y),
        'last_known', (select max(y.year) from data.calendar_year y))
    from data.deadlines_now() t
$$;

-- The days of a year that differ from the week.
create function api.calendar(year integer) returns table (day date, working boolean, name text)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select c.day, c.working, c.name from data.calendar_day c where c.year = calendar.year order by 1 $$;

---------------------------------------------------------------------------- who changes it
-- Put a table in force, as `said` and as read; its version. The same text again changes nothing.
create function api.set_deadlines(said text, document jsonb) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    made bigint;
    now_in_force data.deadline_table := data.deadlines_now();
begin
    if now_in_force.said = set_deadlines.said then
        return now_in_force.version;
    end if;
    insert into data.deadline_table (person, cut_off, soon, extension, listing, said)
        values (nullif(current_setting('gridwarden.person', true), ''), (document ->> 'cut_off')::time,
            (document ->> 'soon')::integer, (document ->> 'extension')::integer,
            document -> 'listing', set_deadlines.said)
        returning version into made;
    insert into data.deadline (version, grade, family, n, unit, source, verified)
        select made, d.grade, coalesce(d.family, ''), d.n, d.unit, d.source, d.verified
        from jsonb_to_recordset(document -> 'deadlines')
            as d (grade text, family text, n integer, unit text, source text, verified boolean);
    insert into data.escalation (version, grade, level, after, tells, source, verified)
        select made, e.grade, e.level, e.after, e.tells, e.source, e.verified
        from jsonb_to_recordset(document -> 'escalations')
            as e (grade text, level integer, after integer, tells text[], source text, verified boolean);
    perform api.record('deadlines_set', 'deadlines', jsonb_build_object('version', made));
    return made;
end
$$;

-- Tell the holidays and make-up days of a year: `days` is [{day, working, name}]. A library does not
-- take the place of what an office told.
create function api.set_calendar(year integer, source text, told_by text, days jsonb) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    if told_by = 'library' and exists (select from data.calendar_year y
            where y.year = set_calendar.year and y.told_by = 'office') then
        return false;
    end if;
    delete from data.calendar_year y where y.year = set_calendar.year;
    insert into data.calendar_year (year, source, told_by, person)
        values (set_calendar.year, set_calendar.source, set_calendar.told_by,
                nullif(current_setting('gridwarden.person', true), ''));
    insert into data.calendar_day (day, year, working, name)
        select d.day, set_calendar.year, d.working, coalesce(d.name, '')
        from jsonb_to_recordset(days) as d (day date, working boolean, name text);
    if told_by = 'office' then
        perform api.record('calendar_set', 'calendar/' || set_calendar.year,
            jsonb_build_object('source', set_calendar.source, 'days', jsonb_array_length(days)));
    end if;
    return true;
end
$$;

revoke all on function data.is_working(date), data.calendar_known(date),
    data.working_day_after(date, integer), data.deadlines_now(), data.city_moment(date, time),
    data.reporting_day(timestamptz), data.due_at(text, text, timestamptz),
    data.overdue_days(timestamptz, timestamptz),
    data.escalation_level(text, timestamptz, timestamptz), api.overdue_days(timestamptz, timestamptz),
    api.escalation_level(text, timestamptz, timestamptz), api.due_known(timestamptz),
    api.due_at(text, text, timestamptz), api.deadlines(), api.calendar(integer),
    api.set_deadlines(text, jsonb), api.set_calendar(integer, text, text, jsonb) from public;
grant execute on function api.overdue_days(timestamptz, timestamptz),
    api.escalation_level(text, timestamptz, timestamptz), api.due_known(timestamptz),
    api.due_at(text, text, timestamptz), api.deadlines(), api.calendar(integer) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_warden, gridwarden_inspector, gridwarden_contractor,
    gridwarden_administrator;
grant execute on function api.set_deadlines(text, jsonb), api.set_calendar(integer, text, text, jsonb)
    to gridwarden_administrator;
