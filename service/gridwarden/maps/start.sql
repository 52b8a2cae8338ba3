-- What is loaded, as numbers and dates.

-- name: datasets
select layer, name, version, published_at from api.dataset where version > 0 order by layer, name

-- name: loaded
select layer, published_at from api.loaded

-- name: screened
select screened_at, waiting, pack, published_at from api.screened

-- As the list of findings shows them; those who may see no rows read `told_severities`.
-- name: findings_of_own
select f.severity, count(*) as n
from api.finding f
group by 1

-- Gas companies that nobody could call out of hours.
-- name: uncallable
select count(*) from api.organisations where kind = 'gas_company' and coalesce(duty_phone, '') = ''
