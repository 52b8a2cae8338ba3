-- name: list
select id, name, full_name, role, org_ids, district_ids, grid_ids, all_districts, language,
       created_at, created_by, disabled_at, last_seen_at, locked_until, must_change, password_at,
       has_password, has_factor
from api.account
where (%(name)s::text is null or lower(name) = lower(%(name)s))
  and (%(id)s::bigint is null or id = %(id)s)
order by disabled_at is not null, lower(name)

-- name: add
insert into api.account (name, full_name, role, org_ids, district_ids, grid_ids, all_districts,
                         language, issuer, subject)
values (%(name)s, %(full_name)s, %(role)s, %(org_ids)s, %(district_ids)s, %(grid_ids)s,
        %(all_districts)s, %(language)s, %(issuer)s, %(subject)s)
on conflict do nothing
returning id

-- name: change
update api.account
set full_name = %(full_name)s, role = %(role)s, org_ids = %(org_ids)s,
    district_ids = %(district_ids)s, grid_ids = %(grid_ids)s, all_districts = %(all_districts)s,
    language = %(language)s
where id = %(id)s
returning id

-- name: disable
update api.account set disabled_at = clock_timestamp() where id = %(id)s and disabled_at is null
returning id

-- name: enable
update api.account set disabled_at = null where id = %(id)s and disabled_at is not null
returning id

-- name: unlock
select api.unlock_account(%(id)s)

-- name: reset_password
select api.reset_password(%(id)s, %(password)s, %(lifetime)s)

-- name: reset_factor
select api.reset_factor(%(id)s)

-- name: record
select api.record(%(action)s, 'access.account', %(detail)s)

-- name: dormant
select what, id, name, full_name, role, since, never from api.dormant(%(days)s)
