-- name: make
insert into access.credential
    (kind, hash, label, role, person, org_ids, district_ids, all_districts, language, expires_at,
     made_by)
values (%(kind)s, %(hash)s, %(label)s, %(role)s, %(person)s, %(org_ids)s, %(district_ids)s,
        %(all_districts)s, %(language)s, clock_timestamp() + %(lifetime)s, api.person())
returning id

-- name: own_person
update access.credential set person = person || ' ' || kind || ' ' || id where id = %(id)s

-- name: made
select api.record('make ' || made.kind, 'access.credential', to_jsonb(made))
from (select id, kind, role, person, org_ids, district_ids, all_districts, expires_at, made_by
      from access.credential where id = %(id)s) made

-- name: keys
select id, label, role, person, org_ids, district_ids, all_districts, created_at, expires_at,
       made_by
from access.credential
where kind = 'key' and revoked_at is null and expires_at > clock_timestamp()
order by id desc

-- name: revoke
with ended as (
    update access.credential set revoked_at = clock_timestamp()
    where id = %(id)s and kind = 'key' and revoked_at is null
    returning id, role, person
)
select id, api.record('revoke key', 'access.credential', to_jsonb(ended))
from ended

-- name: sign_in
select api.sign_in(%(link)s, %(session)s, %(lifetime)s)

-- name: sign_out
select api.sign_out(%(session)s)

-- name: link_holds
select api.caller_of('link', %(link)s) is not null
