-- name: rejects
select row, reason, column_name, value, more from api.reject
where import_id = %(id)s and row > %(after)s order by row limit %(limit)s
