-- Findings as rows of a file, of what `findings.sql` lets their caller choose.

-- name: findings
-- A finding that is tied to a main stands at its subject, never along the main; for a planner, who
-- reads no more than grade and band of it, in the middle of its 500 m cell.
select c.id, c.id, c.family, coalesce(%(families)s::jsonb ->> c.family, c.family), c.layer,
    c.subject_id, c.severity, %(severities)s::jsonb ->> c.severity, c.certainty,
    %(certainties)s::jsonb ->> c.certainty, c.main, d.name, c.first_seen,
    case when c.main and not %(exact)s then 'cell_500' else 'subject' end,
    c.pack, c.rule, c.clause, c.edition, c.verified, c.counterpart_layer, c.counterpart_id,
    c.distance_m::float8, c.required_m::float8, c.margin_m::float8, c.accuracy_m::float8,
    array_to_string(c.missing, ', '), array_to_string(c.assumed, ', '){more}, {place}
from ({chosen}) c
left join api.districts d on d.id = c.district_id
order by c.id

-- name: band
, c.distance_band

-- name: exact
, c.pressure_class, c.pressed_length_m::float8, c.pressed_area_m2::float8

-- name: place
case when not c.main then coalesce(c.geom, st_setsrid(st_makepoint(c.x, c.y), {srid}))
     when %(exact)s then st_setsrid(st_makepoint(c.x, c.y), {srid})
     else st_setsrid(st_makepoint(floor(c.x / 500) * 500 + 250, floor(c.y / 500) * 500 + 250),
                     {srid}) end
