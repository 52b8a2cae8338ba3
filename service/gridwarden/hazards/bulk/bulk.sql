-- Bulk work. Who may do what to which case is said by api.move_case, which these end in.

-- name: act
select api.bulk_act(%(kind)s, %(rows)s::jsonb, %(only_possible)s, %(dry)s, %(told)s::jsonb)

-- name: undo
select api.undo_bulk(%(batch)s, %(only_possible)s, %(dry)s)

-- name: acts
select id, at, person, kind, told, cases, left_out, undoes, undone_by
from api.bulk_act where %(id)s::uuid is null or id = %(id)s
order by at desc limit 200

-- name: of_act
-- The cases of one act that the caller still sees, as they are now.
select h.id, h.hazard_no, h.state, h.grade, h.place_words, h.family, h.version = a.version as last
from (select case_id, max(version) as version from api.hazard_act where batch_act = %(id)s
      group by case_id) a
join api.hazard_case h on h.id = a.case_id
order by h.hazard_no nulls last, h.id

-- name: called
-- What cases are called, for a list of those that could not be moved.
select h.id, h.hazard_no, h.place_words, h.state from api.hazard_case h where h.id = any (%(ids)s)

-- name: cases
select to_jsonb(h) - 'place' from api.hazard_case h where h.id = any (%(ids)s)

-- name: listed
-- Cases that were chosen by a filter, and no more than `most` and one.
select to_jsonb(f) - 'place' from ({chosen}) f order by f.hazard_no nulls last, f.id limit %(most)s + 1

-- name: versions
select f.id, f.version from ({chosen}) f order by f.id limit %(most)s + 1

-- name: since
-- Who changed which column after the version that a workbook holds.
select distinct on (a.case_id, b.name) a.case_id, b.name, a.person, a.at
from jsonb_to_recordset(%(held)s::jsonb) w (id bigint, version integer)
join api.hazard_act a on a.case_id = w.id and a.version > w.version
cross join lateral jsonb_object_keys(a.before) b (name)
order by a.case_id, b.name, a.version desc

-- name: orgs
select id, coalesce(nullif(name, ''), code) from api.organisations
where coalesce(nullif(name, ''), code) is not null

-- name: views
select id, name, query, columns, shared, person, own from api.hazard_saved_view
order by own desc, name collate "zh-x-icu", id

-- name: save_view
select api.save_view(%(name)s, %(query)s, %(columns)s, %(shared)s)

-- name: forget_view
select api.forget_view(%(id)s)

-- name: keep_sheet
select api.keep_sheet(%(file_name)s, %(sha256)s, %(language)s, %(rows)s::jsonb, %(report)s::jsonb)

-- name: sheet
select id, file_name, language, rows, report, brought_at, applied_at, batch
from api.hazard_sheet where id = %(id)s

-- name: sheet_applied
select api.sheet_applied(%(id)s, %(batch)s)

-- name: export
-- Cases as rows of a file. A case whose place the caller may not read stands in the middle of its
-- 500 m cell, and says so; so does one that stands there for everybody, being of a main's finding.
select f.id, f.id, f.hazard_no, f.external_no, f.family, %(families)s::jsonb ->> f.family, f.category,
    f.source, f.grade, f.state, f.overdue, f.place_words, f.description, f.district, f.org,
    f.person_responsible, f.supervising_org, f.leader_in_charge, f.due_at, f.found_at, f.registered_at,
    f.closed_at, f.returned, f.reopened, f.layer, f.subject_id, f.version, f.main,
    case when f.veiled or f.x = floor(f.x / 500) * 500 + 250 and f.y = floor(f.y / 500) * 500 + 250
              and (f.main or f.layer = 'gas_pipelines') then 'cell_500' else 'subject' end, {place}
from ({chosen}) f
order by f.id
