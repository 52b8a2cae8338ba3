-- name: of_sender
select h.signature, h.id, h.mapping, h.constants, h.encoding, h.import_id
from data.habit h
join data.import me on me.id = %(id)s
where h.layer = me.layer and h.sender = data.sender_of(me.org_id, me.role, me.person)
order by h.learned_at desc
limit 500

-- name: learn
insert into data.habit (sender, org_id, role, person, layer, kind, signature, fields, mapping,
                        constants, encoding, import_id)
select data.sender_of(i.org_id, i.role, i.person), i.org_id, i.role, i.person, i.layer, %(kind)s,
       %(signature)s, %(fields)s, %(mapping)s, %(constants)s, %(encoding)s, i.id
from data.import i where i.id = %(id)s
on conflict (sender, layer, signature) do update set
    role = excluded.role, person = excluded.person, kind = excluded.kind,
    fields = excluded.fields, mapping = excluded.mapping, constants = excluded.constants,
    encoding = excluded.encoding,
    import_id = excluded.import_id, learned_at = clock_timestamp()

-- name: mine
select to_jsonb(h) from api.habit h
where (%(layer)s::text is null or layer = %(layer)s) order by h.id limit 500

-- name: forget
select api.forget_habit(%(id)s)
