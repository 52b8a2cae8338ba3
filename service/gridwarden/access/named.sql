-- name: organisations
select id, told from api.organisations_called(%(name)s)

-- name: districts
select id, told from api.districts_called(%(name)s)

-- name: grids
select id, told from api.grids_called(%(name)s)
