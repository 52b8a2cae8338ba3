create or replace function data.case_before(b data.hazard_case, c data.hazard_case) returns jsonb
    language sql immutable set search_path = pg_catalog, public, pg_temp as
$$
    select coalesce(jsonb_object_agg(o.key, o.value), '{}')
    from jsonb_each(to_jsonb(b) - '{version,changed_at,place,rank}'::text[]) o
    where to_jsonb(c) -> o.key is distinct from o.value
$$;

select data.patch('data.follow_by(text, timestamptz)', jsonb_build_array(
    jsonb_build_array($w$    n bigint;
    on_day constant date := data.reporting_day(moment);
begin$w$,
$w$    n bigint;
begin$w$),
    jsonb_build_array($w$        returning c.id, c as a, m.b
$w$,
$w$        returning c.id, c as a
$w$),
    jsonb_build_array($w$(o.a).version, which, (o.b).state, (o.a).state, moment, on_day, on_day, (o.b).grade,$w$,
$w$(o.a).version, which, (m.b).state, (o.a).state, moment, d.day, d.day, (m.b).grade,$w$),
    jsonb_build_array($w$(o.a).grade, (o.b).district_id, (o.a).district_id, (o.a).grid_id, (o.b).org_id, (o.a).org_id,$w$,
$w$(o.a).grade, (m.b).district_id, (o.a).district_id, (o.a).grid_id, (m.b).org_id, (o.a).org_id,$w$),
    jsonb_build_array($w$data.case_before(o.b, o.a)
    from done o;$w$,
$w$data.case_before(m.b, o.a)
    from done o join due m on m.id = o.id cross join (select data.reporting_day(moment) as day) d;$w$)));

select data.patch('data.open_cases(jsonb, timestamptz)', jsonb_build_array(
    jsonb_build_array($w$    n bigint;
    on_day constant date := data.reporting_day(moment);
begin$w$,
$w$    n bigint;
begin$w$),
    jsonb_build_array($w$m.state, moment, on_day, on_day, m.grade$w$,
$w$m.state, moment, d.day, d.day, m.grade$w$),
    jsonb_build_array($w$    from made m;$w$,
$w$    from made m cross join (select data.reporting_day(moment) as day) d;$w$)));

-- The list as it was: what is read from it stays.
create or replace view api.hazard_case as
    select c.id, c.hazard_no, c.version, c.state, c.family,
           case when not v.veiled then c.layer end as layer,
           case when not v.veiled then c.subject_id end as subject_id,
           c.source, c.category, c.external_no, c.duplicate_of,
           case when not v.veiled then c.place_words end as place_words,
           case when not v.veiled then c.description end as description,
           c.grade, c.rank, c.grade_by, c.evidence_grade, c.certainty, c.distance_band, c.main, v.veiled,
           c.standing, c.district_id,
           (select coalesce(nullif(d.name, ''), d.code) from data.districts d
            where d.id = c.district_id) as district,
           case when not v.veiled then c.grid_id end as grid_id,
           case when not v.veiled then (select coalesce(nullif(g.name, ''), g.code)
                from data.warden_grids g where g.id = c.grid_id) end as grid,
           case when v.veiled then floor(st_x(c.place) / 500) * 500 + 250 else st_x(c.place) end as x,
           case when v.veiled then floor(st_y(c.place) / 500) * 500 + 250 else st_y(c.place) end as y,
           c.org_id, (select coalesce(nullif(o.name, ''), o.code) from data.organisations o
                      where o.id = c.org_id) as org, c.person_responsible, c.supervising_org_id,
           (select coalesce(nullif(o.name, ''), o.code) from data.organisations o
            where o.id = c.supervising_org_id) as supervising_org,
           c.leader_in_charge, c.plan, c.found_at, c.found_by, c.found_role, c.entered_at, c.registered_at, c.assigned_at, c.due_at,
           c.extended_from, c.claimed_at, c.closed_at, c.closed_by, c.closing_exception,
           c.looked_back_at, c.reopened, c.returned, c.escalated, c.changed_at,
           coalesce(c.due_at < (select api.office_now()) and c.state not in
               ('closed', 'looked_back', 'invalid', 'found'), false) as overdue,
           null::text as search
    from data.hazard_case c
    cross join lateral (select (select api.veils_cases())
                               and (c.main or coalesce(c.layer = 'gas_pipelines', false)) as veiled) v
    where case (select api.role())
              when 'warden' then not v.veiled and c.grid_id = any ((select api.my_grids())::bigint[])
              when 'contractor' then c.org_id = any ((select api.my_orgs())::bigint[])
              when 'utility' then c.org_id = any ((select api.my_orgs())::bigint[])
                  or c.main_orgs && (select api.my_orgs())::bigint[]
              when 'supervisor' then (select api.my_district(null))
                  or c.district_id = any ((select api.my_districts())::bigint[])
              when 'inspector' then (select api.my_district(null))
                  or c.district_id = any ((select api.my_districts())::bigint[])
              when 'planner' then (select api.my_district(null))
                  or c.district_id = any ((select api.my_districts())::bigint[])
              else false end;
alter table data.hazard_case drop search;
