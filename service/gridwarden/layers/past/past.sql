-- The moment that twins answer for.

-- name: go_back
select api.go_back(%(at)s, %(what)s)
