-- name: what_if
-- All that a screening would find for the proposal, for the role that is set.
select api.what_if(%(layer)s, %(feature)s, %(replaces)s)
