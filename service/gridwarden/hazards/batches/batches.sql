-- name: begun
select exists (select from data.batch_kind)

-- name: keep
select data.keep_batch_kinds(%(told)s)

-- name: load
select api.set_batch_kinds(%(told)s)

-- name: kinds
select code, en, zh, needs, source, retired from api.batch_kind order by retired, place, code

-- name: totals
select kind, batches, items, cases, units, amount_cny from api.batch_total order by retired, place, kind

-- name: batches
select b.id, b.kind, b.name, b.day, b.entered_day, b.note, b.person, b.at,
       count(i.id)::integer as items, coalesce(sum(i.amount_cny), 0)::numeric as amount_cny
from api.batch b
left join api.batch_item i on i.batch_id = b.id and i.removed_at is null
where (%(kind)s::text is null or b.kind = %(kind)s)
  and (%(batch)s::bigint is null or b.id = %(batch)s)
group by b.id, b.kind, b.name, b.day, b.entered_day, b.note, b.person, b.at
order by b.day desc, b.id desc
limit 1000

-- name: entries
select id, batch_id, case_id, hazard_no, unit, org_id, district_id, document_no, amount_cny, channel,
       note, day, entered_day, person, at, removed_at, removed_by, removed_why
from api.batch_item where batch_id = %(batch)s order by id limit 5000

-- name: of_case
select b.id, b.kind, b.name, i.document_no, i.amount_cny, i.channel, i.day
from api.batch_item i join api.batch b on b.id = i.batch_id
where i.case_id = %(case)s and i.removed_at is null order by i.day, i.id

-- name: make
select api.make_batch(%(said)s)

-- name: fill
select api.fill_batch(%(batch)s, %(items)s)

-- name: take
select api.take_from_batch(%(batch)s, %(entry)s, %(why)s)

-- name: case_called
select id from api.hazard_case where hazard_no = %(text)s or id::text = %(text)s limit 1
