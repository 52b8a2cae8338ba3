drop view api.late_supplier, api.dataset_age;
drop function api.promise(bigint, integer), api.late_suppliers_on(date), api.dataset_age_on(date),
    data.dataset_aged(date), data.today(), data.city_day(timestamptz);
alter table data.dataset_version drop surveyed_on;
alter table data.dataset drop update_days, drop surveyed_on, drop confirmed_at, drop supplier_id;
