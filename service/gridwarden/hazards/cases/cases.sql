-- name: chosen
-- The cases that are asked for, of those that the caller sees.
select c.* from api.hazard_case c
where (%(states)s::text[] is null or c.state = any (%(states)s::text[]))
  and (%(grade)s::text is null or c.grade = %(grade)s)
  and (%(category)s::text is null or c.category = %(category)s)
  and (%(source)s::text is null or c.source = %(source)s)
  and (%(family)s::text is null or c.family = %(family)s)
  and (%(district)s::bigint is null or c.district_id = %(district)s)
  and (%(grid)s::bigint is null or c.grid_id = %(grid)s)
  and (%(org)s::bigint is null or c.org_id = %(org)s)
  and (%(overdue)s::boolean is null or c.overdue = %(overdue)s)
  and (%(reopened)s::boolean is null or (c.reopened > 0) = %(reopened)s)
  and (%(due_before)s::timestamptz is null or c.due_at < %(due_before)s)

-- name: of_caller
-- Behind `chosen`, for who has few of all.
  and c.id in (select m.id from api.hazard_of_caller m)

-- name: crowd
select api.words_crowd(lower(%(q)s))

-- name: among_many
-- Behind those, for a word of many cases (the planner takes it to be in every third).
  and (strpos(c.search, lower({word})) > 0{numbered})

-- name: many_numbered
 or c.hazard_no like %(q_begins)s

-- name: among_few
-- Behind those, for words of few: by the index of what cases say.
  and c.id in (
      select w.id from api.hazard_words w
      where w.pairs @> api.word_pairs(lower(%(q)s))
        and w.told like all (string_to_array(lower(%(q_holds)s), E'\n'))
      {numbered})

-- name: few_numbered
      union all select n.id from api.hazard_case n where n.hazard_no like %(q_begins)s

-- name: page
-- A page of them in an order that an index has, and one row more.
select c.id, c.hazard_no, c.version, c.state, c.family, c.layer, c.subject_id, c.source, c.category,
    c.external_no, c.duplicate_of, c.place_words, c.description, c.grade, c.certainty, c.distance_band,
    c.main, c.veiled, c.standing, c.district_id, c.district, c.grid_id, c.grid, c.x, c.y, c.org_id, c.org,
    c.person_responsible, c.supervising_org_id, c.supervising_org, c.leader_in_charge, c.plan, c.found_at, c.found_by, c.entered_at,
    c.registered_at, c.assigned_at, c.due_at, c.extended_from, c.claimed_at, c.closed_at, c.closed_by,
    c.closing_exception, c.looked_back_at, c.reopened, c.returned, c.escalated, c.overdue, c.changed_at,
    case when not c.veiled then st_x(d.p) end as lon, case when not c.veiled then st_y(d.p) end as lat,
    {value} as sorted_by
from ({chosen}) c
cross join lateral (select st_transform(
    st_setsrid(st_makepoint(c.x, c.y), %(srid)s::integer), 4326) as p) d
where {after}
order by {order}
limit %(limit)s + 1

-- name: offered
-- By what the cases that the caller sees may be narrowed: their districts, organisations, families.
select 'district' as name, c.district_id::text as value, c.district as words
from api.hazard_case c where c.district_id is not null{of_caller}
group by c.district_id, c.district
union all
select 'org', c.org_id::text, c.org
from api.hazard_case c where c.org_id is not null{of_caller} group by c.org_id, c.org
union all
select 'family', c.family, null from api.hazard_case c where true{of_caller} group by c.family
order by 1, 3, 2

-- name: total
-- How many there are, up to a number that is more than anybody reads.
select count(*) from (select from ({chosen}) c limit 10001) n

-- name: one
select c.*, case when not c.veiled then st_x(d.p) end as lon, case when not c.veiled then st_y(d.p) end as lat
from api.hazard_case c
cross join lateral (select st_transform(
    st_setsrid(st_makepoint(c.x, c.y), %(srid)s::integer), 4326) as p) d
where c.id = %(id)s

-- name: acts
select a.version, a.act, a.from_state, a.to_state, a.at, a.day, a.entered_day, a.from_grade,
       a.grade, a.district_id, a.grid_id, a.from_org_id, a.org_id, a.due_at, a.person, a.role,
       a.batch_act, a.note, a.said, a.before
from api.hazard_act a where a.case_id = %(id)s order by a.version

-- name: evidence
select e.kind, e.finding_id, e.rule, e.clause, e.edition, e.severity, e.certainty,
       e.distance_band, e.main, e.since, e.until, e.at, e.person, e.role, e.detail
from api.hazard_evidence e where e.case_id = %(id)s order by e.since, e.at, e.kind, e.finding_id

-- name: duplicates
select c.id, c.hazard_no from api.hazard_case c where c.duplicate_of = %(id)s order by c.id limit 50

-- name: may
select api.legal_acts(%(id)s), api.barred_acts(%(id)s)

-- name: districts
select d.id, coalesce(nullif(d.name, ''), nullif(d.code, ''), d.id::text) from api.districts d order by 2, 1

-- name: organisations
select distinct o.name from api.organisations o where o.name <> '' order by 1 limit 500

-- name: due
-- Until when at the latest it is due that is assigned or resumed now: what was left of its time, else
-- what it has, else what the table gives its grade and family.
select coalesce(api.due_left(%(id)s), %(due_at)s, api.due_at(%(grade)s, %(family)s, api.office_now()))

-- name: numbered
select c.id from api.hazard_case c
where c.hazard_no = %(number)s or c.id = %(id)s order by c.hazard_no is distinct from %(number)s limit 1
