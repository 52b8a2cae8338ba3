-- name: make
insert into access.credential
    (kind, hash, label, role, person, org_ids, district_ids, grid_ids, all_districts, account_id,
     scopes, language, expires_at, made_by)
values (%(kind)s, %(hash)s, %(label)s, %(role)s, %(person)s, %(org_ids)s, %(district_ids)s,
        %(grid_ids)s, %(all_districts)s, %(account)s, %(scopes)s, %(language)s, clock_timestamp() + %(lifetime)s, api.person())
returning id

-- name: own_person
update access.credential set person = person || ' ' || kind || ' ' || id where id = %(id)s

-- name: made
select api.record(made.kind || '_made', 'access.credential', to_jsonb(made))
from (select id, kind, role, person, org_ids, district_ids, grid_ids, all_districts, scopes,
             account_id, expires_at, made_by
      from access.credential where id = %(id)s) made

-- name: keys
select id, label, role, person, org_ids, district_ids, grid_ids, all_districts, scopes, account_id,
       created_at, expires_at, last_used_at, made_by,
       case when former_until > clock_timestamp() then former_until end as former_until
from access.credential
where kind = 'key' and revoked_at is null and expires_at > clock_timestamp()
order by id desc

-- name: revoke
with ended as (
    update access.credential set revoked_at = clock_timestamp()
    where id = %(id)s and kind = 'key' and revoked_at is null
    returning id, role, person
)
select id, api.record('key_revoked', 'access.credential', to_jsonb(ended))
from ended

-- name: rotate
with changed as (
    update access.credential
    set former_hash = case when %(grace)s::interval > interval '0' then hash end,
        former_until = case when %(grace)s::interval > interval '0'
                            then clock_timestamp() + %(grace)s end,
        hash = %(hash)s
    where id = %(id)s and kind = 'key' and revoked_at is null and expires_at > clock_timestamp()
    returning id, role, person, former_until
)
select id, api.record('key_rotated', 'access.credential', to_jsonb(changed))
from changed

-- name: sign_in
select api.sign_in(%(link)s, %(session)s, %(former)s, %(lifetime)s, %(idle)s, %(agent)s)

-- name: sign_out
select api.sign_out(%(session)s)

-- name: link_holds
select api.caller_of('link', %(link)s) is not null
