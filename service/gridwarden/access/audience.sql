-- name: caller_of
select api.caller_of(%(kind)s, %(hash)s)
