-- name: held
select excavation, code, name, contractor, ends_on, given_by, given_at, changed
from api.tickets_held()

-- name: give
select api.give_ticket(%(excavation)s, %(org)s)

-- name: end
select api.end_ticket(%(excavation)s, %(org)s)

-- name: clip
select api.clip(%(excavation)s)
