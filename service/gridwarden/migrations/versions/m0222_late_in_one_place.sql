-- Whether a survey is a newer one of the same supplier over the ground of another. One expression: the
-- planner puts it into the query and finds the newer one by the index of shapes. By the companies where
-- both are known, else by what they are called.
create function api.survey_over(org bigint, operator text, surveyed_on date, geom geometry,
        older_org bigint, older_operator text, older_on date, older_geom geometry) returns boolean
    language sql stable parallel safe
    -- bound here: it is asked with search paths that have no PostGIS
    return case when survey_over.org is null or survey_over.older_org is null
                then survey_over.operator = survey_over.older_operator
                else survey_over.org = survey_over.older_org end
       and survey_over.surveyed_on > survey_over.older_on
       and st_intersects(survey_over.geom, survey_over.older_geom)
       and st_covers(survey_over.geom, survey_over.older_geom);

create or replace view api.district_age as
select d.id as district_id, min(v.surveyed_on) as surveyed_on,
    min(v.surveyed_on + v.update_days) as due_on
from data.districts d
join data.coverage v on st_intersects(v.geom, d.geom) and not st_touches(v.geom, d.geom)
where not exists (select from data.coverage k
                  where api.survey_over(k.org_id, k.operator, k.surveyed_on, k.geom,
                                        v.org_id, v.operator, v.surveyed_on, v.geom))
group by d.id;
select data.twin('coverage');

-- Who is late, one row for each dataset and for each supplier's surveys (dataset_id null), without a
-- place: of a supplier the survey that is longest overdue, unless a newer one of its own holds the same
-- ground. All that ask who is late ask this.
create function data.late_on(on_day date) returns table (
    dataset_id bigint, supplier text, layer text, dataset text, dated date, age_days integer,
    update_days integer, due_on date, late_days integer, phone text, duty_phone text)
    language sql stable as
$$
    select null::bigint, s.operator, 'coverage', null::text, s.surveyed_on, on_day - s.surveyed_on,
           s.update_days, s.due_on, on_day - s.due_on, s.phone, s.duty_phone
    from (
        select distinct on (coalesce(c.org_id::text, c.operator))
               coalesce(c.operator, o.name) as operator, c.surveyed_on, c.update_days,
               c.surveyed_on + c.update_days as due_on, coalesce(o.phone, p.phone) as phone,
               coalesce(o.duty_phone, p.duty_phone) as duty_phone
        from data.coverage c
        left join data.organisations o on o.id = c.org_id
        left join lateral (select g.phone, g.duty_phone from data.organisations g
                           where c.org_id is null and g.name = c.operator order by g.id limit 1) p on true
        where on_day > c.surveyed_on + c.update_days and not exists (
            select from data.coverage k
            where api.survey_over(k.org_id, k.operator, k.surveyed_on, k.geom,
                                  c.org_id, c.operator, c.surveyed_on, c.geom))
        order by coalesce(c.org_id::text, c.operator), c.surveyed_on + c.update_days, c.id) s
    union all
    select a.id, o.name, a.layer, a.name, a.dated, a.age_days, a.update_days, a.due_on, a.late_days,
           o.phone, o.duty_phone
    from data.dataset_aged(on_day) a left join data.organisations o on o.id = a.supplier_id
    where a.late
$$;

-- The same for who asks. Whoever may not read coverage gets the datasets alone, and of those what
-- api.dataset_age_on tells.
create or replace function api.late_suppliers_on(on_day date default null) returns table (
    supplier text, layer text, dataset text, dated date, age_days integer, update_days integer,
    due_on date, late_days integer, phone text, duty_phone text)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select l.supplier, l.layer, a.name, l.dated, l.age_days, l.update_days, l.due_on, l.late_days,
           l.phone, l.duty_phone
    from coalesce(late_suppliers_on.on_day, data.today()) day
    cross join lateral data.late_on(day) l
    left join lateral api.dataset_age_on(day) a on a.id = l.dataset_id
    where case when l.dataset_id is null
               then api.role() in ('utility', 'supervisor', 'planner', 'administrator')
               else a.id is not null end
    order by l.late_days desc, l.supplier, l.layer, a.name
$$;

select data.patch('data.watched_events()', jsonb_build_array(jsonb_build_array(
$w$    select jsonb_build_object('datasets_late', count(*) filter (where a.late))
    from data.dataset_aged(data.city_day(now())) a)$w$,
$w$    select jsonb_build_object('datasets_late', count(*)) from data.late_on(data.city_day(now())))$w$)));

revoke all on function data.late_on(date), api.survey_over(bigint, text, date, geometry, bigint, text,
    date, geometry) from public;
grant execute on function api.survey_over(bigint, text, date, geometry, bigint, text, date, geometry) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_warden, gridwarden_inspector;
