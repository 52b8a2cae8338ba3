select data.patch('data.watched_events()', jsonb_build_array(jsonb_build_array(
$w$    select jsonb_build_object('datasets_late', count(*)) from data.late_on(data.city_day(now())))$w$,
$w$    select jsonb_build_object('datasets_late', count(*) filter (where a.late))
    from data.dataset_aged(data.city_day(now())) a)$w$)));

create or replace function api.late_suppliers_on(on_day date default null) returns table (
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

drop function data.late_on(date);

create or replace view api.district_age as
select d.id as district_id, min(v.surveyed_on) as surveyed_on,
    min(v.surveyed_on + v.update_days) as due_on
from data.districts d
join data.coverage v on st_intersects(v.geom, d.geom) and not st_touches(v.geom, d.geom)
where not exists (select from data.coverage k
                  where k.operator = v.operator and k.surveyed_on > v.surveyed_on
                    and st_intersects(k.geom, v.geom) and st_covers(k.geom, v.geom))
group by d.id;
select data.twin('coverage');
drop function api.survey_over(bigint, text, date, geometry, bigint, text, date, geometry);
