-- name: organisation
select id from api.organisations
where %(org)s in (id::text, code, name, source_id)
