-- name: follow
select data.follow_findings(%(categories)s::jsonb, %(at_most)s)

-- name: listen
listen gridwarden_cases

-- name: families
-- The families of rules that judge a layer.
select distinct r.family, s.layer from data.rule r cross join unnest(r.subjects) s(layer)
