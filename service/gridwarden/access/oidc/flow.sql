-- name: begins
select api.provider_login_begins(%(hash)s, %(redirect)s, %(next)s, %(lifetime)s)

-- name: ends
select api.provider_login_ends(%(hash)s)

-- name: bounds
select api.bounds_called(%(organisations)s, %(districts)s, %(grids)s)

-- name: refused
select api.provider_refused(%(issuer)s, %(subject)s, %(reason)s, %(address)s)

-- name: keep_hint
select api.keep_hint(%(step)s, %(hint)s)

-- name: hint_of
select api.hint_of(%(session)s)

-- name: caller
select api.caller_by_account(%(account)s)
