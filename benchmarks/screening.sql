-- What people write who know PostGIS and not this problem: one row a main with its own clearance,
-- and ST_DWithin between whole geometries. {…} are filled with layer names.

-- name: mains
-- One row a main with the distance that cannot miss a pair: greatest limit of its class, outer
-- edge, both accuracies (a² + b² taken as a + b), and the radius that a point stands for. Metres.
create table {mains} as
select p.main_id, m.geom, p.edge_m, coalesce(m.accuracy_m, 1) as accuracy_m, r.limit_m::numeric,
       r.closed,
       r.limit_m + p.edge_m + coalesce(m.accuracy_m, 1) + 0.01
           + (select max(coalesce(s.accuracy_m, 1)) from {subject} s)
           + (select max(case when st_dimension(s.geom) = 0 then data.point_radius() else 0 end)
              from {subject} s) as reach_m
from data.main_piece p
join data.gas_pipelines m on m.id = p.main_id
cross join lateral (
    select limit_m, data.closed(kind) as closed from data.main_rule
    where profile_id = p.profile_id and rule_id = any (%(rules)s)
    order by limit_m desc, data.closed(kind) desc limit 1) r
where p.no = 1

-- name: mains_index
create index on {mains} using gist (geom)

-- name: naive
select s.id, m.main_id
from {mains} m
join {subject} s on st_dwithin(m.geom, s.geom, m.reach_m)
cross join lateral (
    select round((data.ground_m(m.geom, s.geom) - m.edge_m
                  - case when st_dimension(s.geom) = 0 then data.point_radius() else 0 end
                 )::numeric, 4)
           - round(sqrt(m.accuracy_m ^ 2 + coalesce(s.accuracy_m, 1) ^ 2)::numeric, 4) as least) gap
where gap.least < m.limit_m or m.closed and gap.least = m.limit_m

-- name: main_frame
select main_id, geom, edge_m, accuracy_m, limit_m::float8, closed, reach_m from {mains}

-- name: subject_frame
select id, geom, coalesce(accuracy_m, 1) as accuracy_m,
       case when st_dimension(geom) = 0 then data.point_radius() else 0 end as radius_m
from {subject}

-- name: pairs_of
select subject_id, main_id from ({statement}) judged

-- name: count_of
select count(*) from ({statement}) pairs

-- name: memory
select set_config('work_mem', '256MB', true)

-- name: pieces
-- What who knows this problem writes by hand: the derived table of short pieces, each with the
-- distance that cannot miss a pair.
create table {pieces} as
select p.main_id, p.geom, m.edge_m, m.accuracy_m, m.limit_m, m.closed, m.reach_m
from data.main_piece p join {mains} m using (main_id)

-- name: pieces_index
create index on {pieces} using gist (geom)

-- name: on_pieces
-- The nearest piece is as near as the whole main, and far cheaper to measure. What cannot be near
-- enough by the plane is not measured on the ground.
select distinct s.id, p.main_id
from {pieces} p
join {subject} s on st_dwithin(s.geom, p.geom, p.reach_m)
cross join lateral (
    select round((data.ground_m(p.geom, s.geom) - p.edge_m
                  - case when st_dimension(s.geom) = 0 then data.point_radius() else 0 end
                 )::numeric, 4)
           - round(sqrt(p.accuracy_m ^ 2 + coalesce(s.accuracy_m, 1) ^ 2)::numeric, 4) as least) gap
where gap.least < p.limit_m or p.closed and gap.least = p.limit_m

-- name: piece_frame
select main_id, geom, edge_m, accuracy_m, limit_m::float8, closed, reach_m from {pieces}

-- name: near_one
-- The join of `naive` for some features alone: who looks it up anew after an edit.
select s.id, m.main_id
from {mains} m
join {subject} s on st_dwithin(m.geom, s.geom, m.reach_m)
cross join lateral (
    select round((data.ground_m(m.geom, s.geom) - m.edge_m
                  - case when st_dimension(s.geom) = 0 then data.point_radius() else 0 end
                 )::numeric, 4)
           - round(sqrt(m.accuracy_m ^ 2 + coalesce(s.accuracy_m, 1) ^ 2)::numeric, 4) as least) gap
where s.id = any (%(ids)s) and (gap.least < m.limit_m or m.closed and gap.least = m.limit_m)

-- name: drop
drop table if exists {mains}, {pieces}
