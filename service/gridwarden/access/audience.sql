-- name: caller_of
select api.caller_of(%(kind)s, %(hash)s)

-- name: used
select api.credential_used(%(id)s)
