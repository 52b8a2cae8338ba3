-- name: groups
-- What waits for the caller: each case once, in the first part that it belongs to, the most urgent
-- of each part, and how many the part has. Organisations see what is theirs to do, not what only
-- touches their mains.
with mine as (
    select c.*, case when c.overdue then 'overdue'
                     when c.state = 'returned' then 'returned'
                     when c.state in ('assigned', 'rectifying') and c.due_at < %(soon)s then 'due'
                     else c.state end as part
    from api.hazard_case c
    where c.state = any (%(states)s)
      and (not %(own)s or api.my_org(c.org_id))
)
select m.id, m.version, m.hazard_no, m.state, m.grade, m.family, m.category, m.place_words,
    m.description, m.district, m.grid, m.org_id, m.org, m.person_responsible, m.due_at, m.found_at,
    m.overdue, m.veiled, m.part, m.n
from (select x.*, count(*) over (partition by x.part) as n,
             row_number() over (partition by x.part order by x.due_at nulls last,
                 array_position(array['major', 'serious', 'general'], x.grade), x.found_at, x.id) as place
      from mine x) m
where m.place <= %(most)s
order by m.part, m.place

-- name: suspected
-- How many suspected problems nobody has registered yet.
select count(*) from api.hazard_case c where c.state = 'found'

-- name: grids
-- The caller's own: a report in another one is refused.
select g.id, coalesce(nullif(g.name, ''), g.code, g.id::text) from api.warden_grids g
where g.id = any ((select api.my_grids())::bigint[])
order by 2, 1 limit 300

-- name: metres
select st_x(p.g), st_y(p.g)
from (select st_transform(st_setsrid(st_makepoint(%(lon)s, %(lat)s), 4326), %(srid)s::integer) as g) p
