-- name: follow
select data.follow_findings(%(categories)s::jsonb, %(at_most)s)

-- name: listen
listen gridwarden_cases
