-- Ages of datasets, as the caller may know them: the views say who sees what.

-- name: ends
-- Of what day the data are that are loaded: the oldest and the newest dataset with a date.
select min(dated) as oldest, max(dated) as newest, max(age_days) as age_days
from (select dated, age_days from api.dataset_age
      union all select dated, age_days from api.late_supplier) known

-- name: late
select supplier, layer, dataset, dated, age_days, update_days, due_on, late_days, phone, duty_phone
from api.late_supplier

-- name: ages
select id, layer, name, version, supplier, dated, age_days, update_days, due_on, late_days, late
from api.dataset_age order by layer, name nulls last, id

-- name: named
select id from api.dataset where layer = %(layer)s and name = %(name)s

-- name: promise
select api.promise(%(id)s, %(update_days)s)

-- name: status
-- For who runs the installation: whose records are late, and how many days the oldest is past due.
select coalesce(supplier, dataset) as who, late_days from data.late_on(data.today())
order by late_days desc, who
