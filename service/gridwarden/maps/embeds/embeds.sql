-- name: in_turn
select api.embeds_in_turn()

-- name: keep
select api.keep_embed(%(embed)s, %(cells)s, %(held)s, %(hash)s, %(lives)s)

-- name: district
select d.id, coalesce(d.name, d.code, d.id::text) as name from api.districts d where d.id = %(id)s

-- name: districts
select d.id, coalesce(d.name, d.code, d.id::text) as name from api.districts d order by 2, 1

-- name: listed
select e.* from api.embed e order by e.id desc limit 500

-- name: revoke
select api.revoke_embed(%(id)s)

-- name: shown
select api.embed_shown(%(hash)s)
