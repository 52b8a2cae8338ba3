-- SQL by hand: who opens it is in the audit.

-- name: opened_by
select set_config('gridwarden.person', %(person)s, false)

-- name: opened
select api.record('psql', 'database')
