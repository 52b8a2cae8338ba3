-- name: to_edit
select api.feature_to_edit(%(layer)s, %(feature)s::bigint)

-- name: create
select api.create_feature(%(layer)s, %(dataset)s, %(org)s::bigint, %(said)s, %(nature)s,
                          %(new_dataset)s)

-- name: datasets
select name from api.dataset where layer = %(layer)s and version > 0 order by name

-- name: change
select api.change_feature(%(layer)s, %(feature)s::bigint, %(expected)s::integer[], %(said)s, %(whole)s, %(nature)s)

-- name: remove
select api.remove_feature(%(layer)s, %(feature)s::bigint, %(expected)s::integer[], %(nature)s)

-- name: stands
select st_pointonsurface(v.geom)::text from {view} v where v.name = %(named)s or v.code = %(named)s
limit 2
