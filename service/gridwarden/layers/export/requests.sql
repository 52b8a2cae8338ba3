-- name: ask
select api.ask_export(%(layer)s, %(part)s, %(km)s::numeric, %(why)s)

-- name: requests
select id, layer, part, why, km::float8 as km, role, person, asked_at, state, decided_by, decided_at,
       decided_why, until, mine_to_decide, mine
from api.export_request where %(id)s::bigint is null or id = %(id)s
order by id desc limit 200

-- name: decide
select api.decide_export(%(request)s, %(approve)s, %(why)s, %(hours)s)

-- name: copies
select number, made_at, role, person, layer, format, crs, km::float8 as km, why, request_id
from api.export_copy order by number
