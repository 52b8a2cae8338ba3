-- name: listed
select *
from api.listing
where (%(open)s::boolean is null or (delisted_day is null) = %(open)s)
  and (%(case)s::bigint is null or case_id = %(case)s)
  and (%(id)s::bigint is null or id = %(id)s)
order by delisted_day is not null, deadline, id
limit 1000

-- name: steps
select step, words, said, person, role, at, day, entered_day
from api.listing_step where listing_id = %(id)s order by version

-- name: list
select api.list_case(%(case)s, %(said)s)

-- name: step
select api.step_listing(%(id)s, %(expected)s, %(step)s, %(said)s)
