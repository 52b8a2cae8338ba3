-- name: how_far
select done, total from api.job where id = %(id)s
