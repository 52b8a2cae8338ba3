-- Counts by half-open square cell: floor((x, y) / size), so that a point on an edge counts once.
-- Planners get the counts alone (api.finding_cell); the others count the rows they may see.

-- name: squares_counted
select c."column", c."row", c.family, c.severity, c.certainty, c.n
from api.finding_cell(%(size)s) c
order by 1, 2, 3, 4, 5

-- name: squares_of_own
select floor(f.x / %(size)s)::bigint as cell_x, floor(f.y / %(size)s)::bigint as cell_y,
    f.family, f.severity, f.certainty, count(*) as n
from api.finding f
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5

-- name: districts_counted
select c.district_id, c.family, c.severity, c.certainty, c.n
from api.finding_count c
where c.district_id is not null
order by 1, 2, 3, 4

-- name: districts_of_own
select f.district_id, f.family, f.severity, f.certainty, count(*) as n
from api.finding f
where f.district_id is not null
group by 1, 2, 3, 4
order by 1, 2, 3, 4

-- The cells to draw: those with findings, and (unless the city is too large) every cell that
-- touches a district or surveyed coverage. `surveyed` is the covered share of the cell.
-- name: square_shapes
with land as materialized (
    -- cut small: thousands of cells against one outline of many vertices take seconds else
    select d.id, d.name, api.my_district(d.id) as mine, st_subdivide(d.geom, 64) as geom
    from api.districts d
), known as materialized (
    -- an older survey beneath a newer one tells no age
    select st_subdivide(v.geom, 64) as geom, case when newest then v.surveyed_on end as surveyed_on,
        case when newest then v.surveyed_on + v.update_days end as due_on
    from (select c.*, not exists (
              select from api.coverage k
              where api.survey_over(k.org_id, k.operator, k.surveyed_on, k.geom,
                                    c.org_id, c.operator, c.surveyed_on, c.geom)) as newest
          from api.coverage c) v
), corner as (
    select floor(st_xmin(box) / %(size)s)::bigint as x0, floor(st_xmax(box) / %(size)s)::bigint as x1,
        floor(st_ymin(box) / %(size)s)::bigint as y0, floor(st_ymax(box) / %(size)s)::bigint as y1
    from (select st_extent(g.geom) as box
          from (select geom from land union all select geom from known) g) ground
    where box is not null
), wanted as (
    select cell_x, cell_y, true as counted
    from unnest(%(xs)s::bigint[], %(ys)s::bigint[]) as u (cell_x, cell_y)
    union all
    select gx, gy, false
    from corner, generate_series(x0, x1) gx, generate_series(y0, y1) gy
    where (x1 - x0 + 1) * (y1 - y0 + 1) <= %(most)s
), cell as (
    select cell_x, cell_y, bool_or(counted) as counted,
        st_makeenvelope(cell_x * %(size)s, cell_y * %(size)s, (cell_x + 1) * %(size)s,
            (cell_y + 1) * %(size)s, %(srid)s) as box
    from wanted group by 1, 2
), within as (
    select c.cell_x, c.cell_y, bool_or(d.mine) as mine, array_agg(distinct d.id) as districts,
        min(d.name) filter (where st_intersects(d.geom, st_centroid(c.box))) as name
    from cell c join land d on d.geom && c.box and st_intersects(d.geom, c.box)
    group by 1, 2
), surveyed as (
    -- two companies may cover the same ground: it counts once
    select c.cell_x, c.cell_y, st_area(st_union(part.geom)) as area,
        min(v.surveyed_on) filter (where st_area(part.geom) > 1) as surveyed_on,
        min(v.due_on) filter (where st_area(part.geom) > 1) as due_on
    from cell c join known v on v.geom && c.box
    cross join lateral (select st_clipbybox2d(v.geom, c.box) as geom) part
    group by 1, 2
)
select c.cell_x, c.cell_y,
    st_asgeojson(st_transform(c.box, 4326), 6)::jsonb as shape,
    coalesce(s.area, 0) / (%(size)s::float8 * %(size)s) as surveyed,
    api.my_district(null) or coalesce(w.mine, false) as mine, w.name, s.surveyed_on, s.due_on,
    w.districts
from cell c
left join within w using (cell_x, cell_y)
left join surveyed s using (cell_x, cell_y)
where c.counted or w.cell_x is not null or s.area > 0
order by 1, 2

-- name: district_shapes
select d.id, coalesce(d.name, d.code, d.id::text) as name,
    st_asgeojson(st_transform(st_simplifypreservetopology(d.geom, 5), 4326), 6)::jsonb as shape,
    coalesce(s.surveyed, 0) as surveyed, api.my_district(d.id) as mine, a.surveyed_on, a.due_on
from api.districts d
left join api.district_surveyed s on s.district_id = d.id
left join api.district_age a on a.district_id = d.id
order by d.id

-- The backdrop. One feature each: a city's streets are one path, not thousands.
-- name: backdrop
select 1 as kind, st_asgeojson(st_transform(st_multi(st_collect(st_boundary(
        st_simplifypreservetopology(d.geom, 5)))), 4326), 5)::jsonb as shape
from api.districts d having count(*) > 0
union all
select 2, st_asgeojson(st_transform(st_multi(st_collect(r.line)), 4326), 5)::jsonb
from (select (st_dump(st_simplify(t.geom, 5))).geom as line
      from api.roads t order by st_length(t.geom) desc limit 3000) r
having count(*) > 0

-- When the data are from, when they were screened, and by which rules.
-- name: dates
select s.published_at, s.screened_at, s.waiting, s.pack,
    array(select distinct r.family from api.rule r where r.in_force and r.subjects <> '{}' order by 1)
from api.screened s

-- The worst subjects of each cell, for callers who may see rows.
-- name: names_in_squares
select cell_x, cell_y, id, layer, subject_id, family, severity, certainty
from (
    select floor(f.x / %(size)s)::bigint as cell_x, floor(f.y / %(size)s)::bigint as cell_y,
        f.id, f.layer, f.subject_id, f.family, f.severity, f.certainty,
        row_number() over (
            partition by floor(f.x / %(size)s), floor(f.y / %(size)s)
            order by array_position(array['major', 'serious', 'general'], f.severity),
                f.certainty, f.id) as place
    from api.finding f) ranked
where place <= %(most)s
order by cell_x, cell_y, place

-- name: names_in_districts
select district_id, id, layer, subject_id, family, severity, certainty
from (
    select f.district_id, f.id, f.layer, f.subject_id, f.family, f.severity, f.certainty,
        row_number() over (
            partition by f.district_id
            order by array_position(array['major', 'serious', 'general'], f.severity),
                f.certainty, f.id) as place
    from api.finding f
    where f.district_id is not null) ranked
where place <= %(most)s
order by district_id, place
