drop function api.set_calendar(integer, text, text, jsonb), api.set_deadlines(text, jsonb),
    api.calendar(integer), api.deadlines(), api.due_at(text, text, timestamptz),
    api.due_known(timestamptz), api.escalation_level(text, timestamptz, timestamptz),
    api.overdue_days(timestamptz, timestamptz),
    data.escalation_level(text, timestamptz, timestamptz),
    data.overdue_days(timestamptz, timestamptz), data.due_at(text, text, timestamptz),
    data.reporting_day(timestamptz), data.city_moment(date, time), data.deadlines_now(),
    data.working_day_after(date, integer), data.calendar_known(date), data.is_working(date);
drop table data.escalation, data.deadline, data.deadline_table, data.calendar_day, data.calendar_year;
