-- What the public is told (docs/embeds.md).

-- name: told
select c.district_id, c.family, c.severity, c.certainty, c.n, c.weight
from api.told_counts(%(weights)s::jsonb) c
order by 1, 2, 3, 4

-- By severity; what is tied to mains is told without it.
-- name: told_severities
select coalesce(c.severity, 'tied'), sum(c.n)::bigint
from api.told_counts(%(weights)s::jsonb) c where c.n is not null group by 1

-- The same as a tree: districts (size 0), and their parts in squares of 1 km and of 500 m.
-- name: tree
select t.district_id, t.size, t.cx, t.cy, t.n, t.weight, t.hidden, t.whole
from api.told_tree(%(weights)s::jsonb) t
order by 1, 2, 3, 4

-- Which districts have ground in a square: more than its edge.
-- name: touched
select u.cell_x, u.cell_y, array_agg(distinct d.id)
from unnest(%(xs)s::bigint[], %(ys)s::bigint[]) u (cell_x, cell_y)
join (select id, st_subdivide(geom, 64) as geom from api.districts) d
    on st_intersects(d.geom, st_makeenvelope(u.cell_x * %(size)s + 1, u.cell_y * %(size)s + 1,
        (u.cell_x + 1) * %(size)s - 1, (u.cell_y + 1) * %(size)s - 1, %(srid)s))
group by 1, 2

-- What is open, by square and district.
-- name: open
select o.district_id, o.cx, o.cy, o.family, o.n, o.weight
from api.told_open(%(weights)s::jsonb, %(size)s) o
