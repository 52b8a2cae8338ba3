-- name: organisation
select id from api.organisations
where %(org)s in (id::text, code, name, source_id)

-- name: district
select id from api.districts
where %(district)s in (id::text, code, name, source_id)
