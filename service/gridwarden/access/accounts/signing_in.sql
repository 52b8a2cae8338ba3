-- name: begins
select api.login_begins(%(name)s, %(address)s, %(device)s, %(device_account)s, %(tries)s,
                        %(address_tries)s, %(closed)s)

-- name: failed
select api.login_failed(%(account)s, %(address)s)

-- name: passed
select api.login_passed(%(account)s, %(address)s, %(device)s, %(step)s, %(shown)s, %(lifetime)s)

-- name: account_of
select api.account_of(%(kind)s, %(hash)s)

-- name: factor_begins
select api.factor_begins(%(step)s, %(tries)s, %(closed)s)

-- name: factor_passed
select api.factor_passed(%(step)s, %(counter)s, %(code)s)

-- name: factor_failed
select api.factor_failed(%(step)s, %(address)s)

-- name: own_password
select api.own_password(%(kind)s, %(hash)s, %(password)s, %(kept)s)

-- name: own_factor
select api.own_factor(%(kind)s, %(hash)s, %(sealed)s, %(counter)s, %(codes)s)

-- name: ends
select api.login_ends(%(step)s, %(session)s, %(former)s, %(lifetime)s, %(idle)s, %(agent)s,
                      %(address)s)

-- name: my_sessions
select * from api.my_sessions(%(session)s)

-- name: end_my_sessions
select api.end_my_sessions(%(session)s, %(number)s)

-- name: rotate_session
select api.rotate_session(%(former)s, %(session)s)

-- name: my_keys
select * from api.my_keys(%(session)s)

-- name: by_provider
select api.account_by_provider(%(issuer)s, %(subject)s, %(offered)s::jsonb)

-- name: rotate_key
select api.rotate_my_key(%(session)s, %(key)s, %(hash)s, %(grace)s)

-- name: end_key
select api.end_my_key(%(session)s, %(key)s)
