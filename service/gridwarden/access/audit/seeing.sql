-- name: saw
select api.saw(%(route)s, %(mains)s::int8multirange)
