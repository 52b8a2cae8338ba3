-- name: today
select api.board_today()

-- name: cut_off
-- Until when the figures of a day reach: its cut-off, or now where that is still to come.
select api.board_cut_off(%(day)s)

-- name: board
select key, name, counts
from api.board(%(day)s, %(by)s, %(recurrence)s, %(work_from)s, %(work_to)s)

-- name: later
select key, acts, new, closed, last_day from api.entered_later(%(day)s, %(by)s)

-- name: order
select name, place from api.name_order(%(names)s, %(lang)s)

-- name: ledger
select day, key, grade, opening, moved, new, reopened, late, closed, struck, closing
from api.hazard_ledger(%(since)s, %(until)s, %(by)s)

-- name: names
-- How groups are called; every district is told, and of organisations those asked for.
select id::text, name from api.districts where %(by)s = 'district'
union all
select id::text, name from api.organisations
where %(by)s = 'organisation' and id::text = any (%(keys)s)

-- name: rows
-- The cases behind a figure of the board or of a day's ledger.
with behind as materialized (
    select r.case_id, r.times
    from api.rows_behind(%(kind)s, %(day)s, %(by)s, %(key)s, %(grade)s, %(figure)s, %(recurrence)s,
                         %(work_from)s, %(work_to)s) r
)
select (select coalesce(sum(times), 0) from behind), (select count(*) from behind),
       coalesce(jsonb_agg(to_jsonb(p) order by p.id), '[]'),
       (select count(*) from behind b where not exists (
           select from api.hazard_case v where v.id = b.case_id))
from (
    select v.id, b.times, v.hazard_no, v.state, v.grade, v.family, v.district_id, v.org_id,
           v.place_words, v.due_at, v.registered_at, v.closed_at
    from behind b join api.hazard_case v on v.id = b.case_id
    where v.id > %(after)s order by v.id limit %(limit)s + 1
) p

-- name: signature
select api.board_signature(%(day)s)

-- name: signed
select day, signed_at, person, sha256 from api.board_signed
where day between %(since)s and %(until)s order by day

-- name: sign
select api.sign_board(%(day)s, %(document)s)

-- name: count_stock
select api.count_stock()

-- name: keep
select api.keep_board(%(at_most)s)

-- name: figures
select programme, measure, quantity, at_least, records, last_day
from api.programme_figures(%(day)s, %(batches)s)

-- name: newest
-- What is told in percent is not summed: the newest one counts.
select distinct on (r.programme, r.measure) r.programme, r.measure, r.quantity
from api.programme_record r
where r.entered_day <= %(day)s and (r.corrected_on is null or r.corrected_on > %(day)s)
  and (r.programme || '.' || r.measure) = any (%(measures)s)
order by r.programme, r.measure, r.day desc, r.id desc

-- name: records
select coalesce(jsonb_agg(to_jsonb(p) order by p.id), '[]')
from (
    select r.* from api.programme_record r
    where r.entered_day <= %(day)s and r.id > %(after)s
      and (%(corrected)s or r.corrected_on is null or r.corrected_on > %(day)s)
      and (%(programme)s::text is null or r.programme = %(programme)s)
      and (%(measure)s::text is null or r.measure = %(measure)s)
      and (%(district)s::bigint is null or r.district_id = %(district)s)
      and (%(org)s::bigint is null or r.org_id = %(org)s)
    order by r.id limit %(limit)s + 1
) p

-- name: entries
-- The entries of batches behind a measure that is tied to their kind, as records; what the asker does
-- not see of them is counted.
with behind as materialized (
    select e.id, e.quantity, b.case_id, b.batch_id, b.unit, b.org_id, b.district_id, b.document_no, b.note,
           b.channel, b.hazard_no, b.day, b.entered_day, b.at as entered_at, b.person, b.id is null as withheld
    from api.programme_entries(%(day)s, %(batches)s) e
    left join api.batch_item b on b.id = e.id
)
select coalesce(jsonb_agg(to_jsonb(p) order by p.id), '[]'),
       (select count(*) from behind where withheld)
from (
    select b.id, %(programme)s::text as programme, %(measure)s::text as measure, b.quantity,
           false as at_least, b.day, b.entered_day, b.entered_at, b.district_id, d.name as district,
           b.org_id, coalesce(b.unit, o.name) as organisation, b.document_no,
           coalesce(nullif(b.note, ''), b.channel) as note, null as corrects, b.person, b.batch_id,
           b.case_id, b.hazard_no
    from behind b
    left join api.districts d on d.id = b.district_id
    left join api.organisations o on o.id = b.org_id
    where not b.withheld and b.id > %(after)s
      and (%(district)s::bigint is null or b.district_id = %(district)s)
      and (%(org)s::bigint is null or b.org_id = %(org)s)
    order by b.id limit %(limit)s + 1
) p

-- name: add_records
select api.add_programme_records(%(records)s)

-- name: visits
select coalesce(jsonb_agg(to_jsonb(p) order by p.id), '[]')
from (
    select s.* from api.spot_check s
    where s.entered_day <= %(day)s and s.id > %(after)s
      and (%(outcome)s::text is null or s.outcome = %(outcome)s)
      and (%(family)s::text is null or s.family = %(family)s)
      and (%(district)s::bigint is null or s.district_id = %(district)s)
      and (%(org)s::bigint is null or s.org_id = %(org)s)
    order by s.id limit %(limit)s + 1
) p

-- name: add_visits
select id, outcome from api.add_spot_checks(%(checks)s)

-- name: case_called
select c.id from api.hazard_case c
where c.hazard_no = %(number)s or c.id = %(id)s order by c.hazard_no is distinct from %(number)s limit 1
