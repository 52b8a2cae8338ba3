-- name: named
select set_config('gridwarden.person', %(person)s, false)

-- name: begun
select exists (select from data.deadline_table)

-- name: told
select y.year, y.source from data.calendar_year y where y.told_by = 'library'

-- name: set_deadlines
select api.set_deadlines(%(said)s, %(document)s)

-- name: set_calendar
select api.set_calendar(%(year)s, %(source)s, %(told_by)s, %(days)s)

-- name: deadlines
select api.deadlines()

-- name: calendar
select day, working, name from api.calendar(%(year)s)

-- name: due
select api.due_at(%(grade)s, %(family)s, %(begins)s::timestamptz) as due_at,
       api.due_known(api.due_at(%(grade)s, %(family)s, %(begins)s::timestamptz)) as known
