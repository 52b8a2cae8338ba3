-- A list and the ledger side by side. What is compared, and with which cases, is said by
-- api.match_list.

-- name: bring
select api.bring_list(%(list)s::jsonb, %(rows)s::jsonb)

-- name: match
select api.match_list(%(list)s, %(words)s::jsonb, %(set)s::jsonb)

-- name: ascii
-- Whether their categories are written in English letters alone.
select coalesce(bool_and(octet_length(r.category) = length(r.category)), false)
from api.their_row r where r.list_id = %(list)s

-- name: categories
select distinct r.category from api.their_row r where r.list_id = %(list)s and r.category is not null

-- name: decide
select api.decide_pairs(%(list)s, %(said)s::jsonb)

-- name: registered
select api.row_registered(%(list)s, %(row)s, %(case)s)

-- name: lists
select l.id, l.sender, l.file_name, l.district_id, l.from_on, l.to_on, l.brought_at, l.matched_at,
    count(r.number) as rows, count(*) filter (where r.standing = 'only') as only_theirs,
    count(*) filter (where r.standing = 'proposed') as proposed,
    count(*) filter (where r.standing in ('confirmed', 'registered')) as confirmed,
    count(*) filter (where r.unread <> '{}') as unread
from api.their_list l left join api.their_row r on r.list_id = l.id
where %(id)s::bigint is null or l.id = %(id)s
group by l.id, l.sender, l.file_name, l.district_id, l.from_on, l.to_on, l.brought_at, l.matched_at
order by l.id desc limit 200

-- name: list
select l.* from api.their_list l where l.id = %(id)s

-- name: rows
-- The rows of a list with the case that each is, or may be, and in what the two differ. A case that
-- the caller no longer sees is left out of its row.
select r.number, r.external_no, r.place_words, r.category, r.description, r.grade, r.state, r.found_on,
    r.closed_on, r.responsible, r.person, r.standing, r.score, r.parts, r.decided_by, r.unread,
    r.place is not null as placed,
    to_jsonb(c) as "case",
    array_remove(array[
        case when c.id is not null and r.grade is not null and c.grade is not null
                  and r.grade <> c.grade then 'grade' end,
        case when c.id is not null and r.state is not null
                  and (r.state = 'closed') <> (c.state in ('closed', 'looked_back', 'invalid'))
             then 'state' end,
        case when c.id is not null and abs(r.found_on - c.found_on) > 3 then 'found_on' end],
        null) as differs,
    case when r.standing in ('only', 'proposed') then (
        select jsonb_agg(jsonb_build_object('id', k.case_id, 'score', round(k.score::numeric, 2),
                   'parts', k.parts, 'hazard_no', h.hazard_no, 'place_words', h.place_words,
                   'family', h.family, 'category', h.category, 'state', h.state, 'grade', h.grade,
                   'found_on', data_day.found_on) order by k.score desc, k.case_id)
        from api.their_candidate k join api.hazard_case h on h.id = k.case_id
        cross join lateral (select (h.found_at at time zone %(zone)s)::date as found_on) data_day
        where k.list_id = r.list_id and k.number = r.number
          and k.case_id is distinct from r.case_id) end as others
from api.their_row r
left join lateral (
    select h.id, h.hazard_no, h.place_words, h.family, h.category, h.grade, h.state,
           h.description, (h.found_at at time zone %(zone)s)::date as found_on
    from api.hazard_case h where h.id = r.case_id) c on true
where r.list_id = %(id)s and (%(standing)s::text[] is null or r.standing = any (%(standing)s))
  and r.number > %(after)s and (not %(differing)s or c.id is not null)
  and (not %(unread)s or r.unread <> '{}')
order by r.number limit %(limit)s

-- name: row
select r.standing, r.external_no, r.place_words, r.category, r.description, r.grade, r.found_on, r.unread,
    l.district_id, l.sender, l.file_name, st_x(r.place) as x, st_y(r.place) as y
from api.their_row r join api.their_list l on l.id = r.list_id
where r.list_id = %(id)s and r.number = %(row)s

-- name: only_ours
-- Cases that the list should hold, by its district and days, and does not.
select h.id, h.hazard_no, h.place_words, h.family, h.category, h.grade, h.state,
    (h.found_at at time zone %(zone)s)::date as found_on, count(*) over () as total
from api.their_list l
join api.hazard_case h on l.district_id is null or h.district_id = l.district_id
where l.id = %(id)s and h.state not in ('found', 'invalid') and h.duplicate_of is null
  and (l.from_on is null or (h.found_at at time zone %(zone)s)::date >= l.from_on)
  and (l.to_on is null or (h.found_at at time zone %(zone)s)::date <= l.to_on)
  and not exists (select from api.their_row r where r.list_id = l.id and r.case_id = h.id)
order by array_position(array['major', 'serious', 'general'], h.grade), h.found_at, h.id
limit %(limit)s

-- name: districts
select d.id, coalesce(nullif(d.name, ''), d.code, d.id::text) from api.districts d
where api.my_district(d.id) or api.my_district(null) order by 2, 1
