-- name: record
select api.record(%(action)s, %(object)s, %(detail)s, %(rows)s)
