-- How old a dataset is, and how often its supplier promised to bring it anew.
--
-- Invariants (tests/layers/test_age.py): a promise is kept up to its last day; who does not see a
-- dataset's name does not get it here; only who may bring a dataset, or a supervisor, may change
-- what is promised of it, and that is in the audit.

alter table data.dataset
    add update_days integer check (update_days between 1 and 36500),
    add surveyed_on date,
    add confirmed_at timestamptz,
    add supplier_id bigint;
comment on column data.dataset.update_days is
    'Days until the next version is due, as its supplier promised; null where nothing was promised.';
comment on column data.dataset.surveyed_on is
    'The newest day that the version''s own rows tell; null where they tell none.';
comment on column data.dataset.confirmed_at is
    'When the whole file last came again without a change.';
comment on column data.dataset.supplier_id is
    'The organisation that all rows of the version name; null where they name several, or none.';
alter table data.dataset_version add surveyed_on date;

---------------------------------------------------------------------------- today
-- The day of a moment in the city's time zone (GRIDWARDEN_TIME_ZONE, told by each connection).
create function data.city_day(moment timestamptz) returns date
    language sql stable as
$$ select (moment at time zone coalesce(nullif(current_setting('gridwarden.zone', true), ''), 'UTC'))::date $$;

-- Today in the city; of a question about the past, the day that it asks about.
create function data.today() returns date
    language sql stable as
$$ select data.city_day(coalesce(nullif(current_setting('gridwarden.at', true), '')::timestamptz, now())) $$;

---------------------------------------------------------------------------- age
-- Every dataset with its age on a day: from what its rows tell, else from when it was last brought.
-- It is late from the day after the one it is due on. Of an earlier day the version of then is told.
create function data.dataset_aged(on_day date) returns table (
    id bigint, layer text, name text, version integer, org_id bigint, supplier_id bigint,
    published_at timestamptz, surveyed_on date, dated date, age_days integer, update_days integer,
    due_on date, late_days integer, late boolean)
    language sql stable as
$$
    select d.id, d.layer, d.name, v.version, d.org_id, coalesce(d.org_id, d.supplier_id),
           v.published_at, v.surveyed_on, v.dated, on_day - v.dated, d.update_days,
           v.dated + d.update_days, greatest(on_day - v.dated - d.update_days, 0),
           coalesce(on_day > v.dated + d.update_days, false)
    from data.dataset d
    cross join lateral (
        select d.version, d.published_at, d.surveyed_on,
               coalesce(d.surveyed_on, data.city_day(greatest(d.published_at, d.confirmed_at))) as dated
        where on_day >= data.city_day(now())
        union all
        (select w.version, w.published_at, w.surveyed_on,
                coalesce(w.surveyed_on, data.city_day(w.published_at))
         from data.dataset_version w
         where on_day < data.city_day(now()) and w.dataset_id = d.id
           and data.city_day(w.published_at) <= on_day
         order by w.version desc limit 1)) v
    where v.version > 0
$$;

-- The same for who asks. What a dataset of mains is called is its company's and the supervisors';
-- that a company's records are so old tells no place, and who plans or administers must know it.
create function api.dataset_age_on(on_day date default null) returns table (
    id bigint, layer text, name text, version integer, org_id bigint, supplier text, phone text,
    duty_phone text, published_at timestamptz, surveyed_on date, dated date, age_days integer,
    update_days integer, due_on date, late_days integer, late boolean)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select a.id, a.layer, case when n.named then a.name end, a.version, a.org_id, o.name, o.phone,
           o.duty_phone, a.published_at, a.surveyed_on, a.dated, a.age_days, a.update_days, a.due_on,
           a.late_days, a.late
    from data.dataset_aged(coalesce(dataset_age_on.on_day, data.today())) a
    join data.layer l on l.id = a.layer
    cross join lateral (select not l.secret or api.role() = 'supervisor'
        or api.role() = 'utility' and api.my_org(a.org_id) as named) n
    left join data.organisations o on o.id = a.supplier_id
    where n.named or api.role() in ('planner', 'administrator')
$$;
create view api.dataset_age as select * from api.dataset_age_on();

-- Who is late, one row for each dataset and for each operator's surveys, without a place: of an
-- operator the survey that is longest overdue, unless a survey of its own that is kept up holds the
-- same ground. Whoever may not read coverage gets the datasets alone.
create function api.late_suppliers_on(on_day date default null) returns table (
    supplier text, layer text, dataset text, dated date, age_days integer, update_days integer,
    due_on date, late_days integer, phone text, duty_phone text)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    with asked as (select coalesce(late_suppliers_on.on_day, data.today()) as day),
    survey as (
        select c.id, c.geom, c.surveyed_on, c.update_days,
               coalesce(c.org_id::text, c.operator) as whose, coalesce(c.operator, o.name) as operator,
               coalesce(o.phone, p.phone) as phone, coalesce(o.duty_phone, p.duty_phone) as duty_phone,
               asked.day > c.surveyed_on + c.update_days as late, asked.day
        from asked cross join data.coverage c
        left join data.organisations o on o.id = c.org_id
        left join lateral (select g.phone, g.duty_phone from data.organisations g
                           where c.org_id is null and g.name = c.operator order by g.id limit 1) p on true
        where api.role() in ('utility', 'supervisor', 'planner', 'administrator')
    ), overdue as (
        select distinct on (s.whose) s.*
        from survey s
        where s.late and not exists (
            select from survey k where k.whose = s.whose and not k.late
              and st_intersects(k.geom, s.geom) and st_covers(k.geom, s.geom))
        order by s.whose, s.surveyed_on + s.update_days, s.id
    )
    select f.* from (
        select o.operator, 'coverage', null::text, o.surveyed_on, o.day - o.surveyed_on, o.update_days,
               o.surveyed_on + o.update_days, o.day - o.surveyed_on - o.update_days, o.phone, o.duty_phone
        from overdue o
        union all
        select a.supplier, a.layer, a.name, a.dated, a.age_days, a.update_days, a.due_on, a.late_days,
               a.phone, a.duty_phone
        from asked cross join api.dataset_age_on(asked.day) a where a.late
    ) f (supplier, layer, dataset, dated, age_days, update_days, due_on, late_days, phone, duty_phone)
    order by f.late_days desc, f.supplier, f.layer, f.dataset
$$;
create view api.late_supplier as select * from api.late_suppliers_on();

---------------------------------------------------------------------------- what is promised
-- Change what is promised of a dataset; null takes the promise back. Gives what it was and is, null
-- for a dataset that the caller does not see, {"refused": true} for one that is not its to change.
create function api.promise(dataset bigint, update_days integer) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    was data.dataset;
    secret boolean;
    importers text[];
begin
    select d.* into was from data.dataset d where d.id = promise.dataset for update;
    select l.secret, l.importers into secret, importers from data.layer l where l.id = was.layer;
    if was.id is null or secret and api.role() <> 'supervisor'
       and not (api.role() = 'utility' and api.my_org(was.org_id)) then
        return null;
    end if;
    if not (api.role() = 'supervisor'
            or api.role() = any (importers) and (api.role() <> 'utility' or api.my_org(was.org_id))) then
        return '{"refused": true}';
    end if;
    if was.update_days is distinct from promise.update_days then
        update data.dataset d set update_days = promise.update_days where d.id = was.id;
        perform api.record('promise', was.layer, jsonb_build_object('dataset', was.id,
            'was', was.update_days, 'now', promise.update_days), 1);
    end if;
    return jsonb_build_object('id', was.id, 'was', was.update_days, 'update_days', promise.update_days);
end
$$;

---------------------------------------------------------------------------- what is there already
update data.dataset d set update_days = p.days
from (values ('buildings', 365), ('charging_sheds', 90), ('construction_sites', 30),
             ('enclosed_spaces', 365), ('estates', 365), ('excavations', 30), ('fire_lanes', 365),
             ('gas_pipelines', 365), ('organisations', 365), ('rented_dwellings', 180),
             ('roads', 730), ('street_objects', 730), ('underground_lines', 365)) p(layer, days)
where p.layer = d.layer and d.version > 0;

do $do$
declare
    one record;
begin
    for one in select l.id, case l.id when 'coverage' then 'greatest(t.surveyed_on, t.source_date)'
                                      else 't.source_date' end as told from data.layer l loop
        execute format('update data.dataset d set surveyed_on = t.told, supplier_id = t.whose
            from (select t.dataset_id, max(%1$s) filter (where %1$s <= current_date) as told,
                         case when count(*) = count(t.org_id) and min(t.org_id) = max(t.org_id)
                              then min(t.org_id) end as whose
                  from data.%2$I t group by 1) t where d.id = t.dataset_id', one.told, one.id);
    end loop;
end
$do$;
update data.dataset_version v set surveyed_on = d.surveyed_on
from data.dataset d where d.id = v.dataset_id and d.version = v.version;

revoke all on function data.city_day(timestamptz), data.today(), data.dataset_aged(date),
    api.dataset_age_on(date), api.late_suppliers_on(date), api.promise(bigint, integer) from public;
grant execute on function data.city_day(timestamptz), data.today() to gridwarden_import;
grant execute on function api.dataset_age_on(date), api.late_suppliers_on(date) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator;
grant select on api.dataset_age, api.late_supplier to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator;
grant execute on function api.promise(bigint, integer) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
