-- Registers and layers as lists of rows; names of views and columns come from the layer's file.

-- name: rows
select f.id, f.code, f.name, f.source_date{columns} from {view} f
where f.id > %(after)s{where} order by f.id limit %(limit)s

-- name: holding
 and concat_ws(' ', f.code, f.name, f.source_id{texts}) ilike %(like)s

-- name: own_area
-- The view tells exactly; the index begins with the box around the caller's grids or districts.
 and f.geom && (select api.my_area())

-- name: counted
select {layer}, count(*), max(f.source_date) from {view} f

-- name: judged
-- The rules in force on a layer, and the limits among them that nobody has set.
with unset as materialized (
    select distinct on (f.id) f.id, f.title from api.rule_figure f
    where f.title is not null and not exists (
        select from api.rule_figure g
        join api.rule_pack o on o.id = g.pack and o.version = g.version and o.in_force
        where g.id = f.id and g.value is not null)
)
select r.text, array(select u.title from unset u where strpos(r.test::text, '"@' || u.id || '"') > 0
                     order by u.id)
from api.rule r
where r.in_force and %(layer)s = any (r.subjects)
order by r.family, r.strength desc, r.rule
