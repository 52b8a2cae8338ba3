-- Who reads the 500 m cell alone of a case that is tied to a main reads none of its words: its plan, the
-- exception by which it was closed, why it is under listed supervision and what was said of it there, and
-- the unit and note under which a batch has it, name places as its description does.
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
           c.leader_in_charge,
           case when not v.veiled then c.plan end as plan, c.found_at, c.found_by, c.found_role, c.entered_at,
           c.registered_at, c.assigned_at, c.due_at, c.extended_from, c.claimed_at, c.closed_at, c.closed_by,
           case when not v.veiled then c.closing_exception end as closing_exception,
           c.looked_back_at, c.reopened, c.returned, c.escalated, c.changed_at,
           coalesce(c.due_at < (select api.office_now()) and c.state not in
               ('closed', 'looked_back', 'invalid', 'found'), false) as overdue,
           case when not v.veiled then c.search end as search
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

create or replace view api.listing as
    select l.id, l.version, l.list_no, l.case_id, c.hazard_no, c.state, c.grade, c.family, c.category,
           c.district_id, c.org_id, l.level, l.supervisor,
           case when not c.veiled then l.why else '' end as why, l.deadline, l.progress_days,
           l.decision_due, l.escalate_on, l.listed_day, l.entered_day, l.listed_by, l.decision,
           l.decided_day, l.escalated_day, l.last_progress, l.applied_by, l.applied_day,
           l.delisted_day, l.delisted_entered_day, l.delisted_by,
           case when l.delisted_at is null then coalesce(l.last_progress, l.listed_day) + l.progress_days
               end as progress_due,
           l.delisted_at is null and l.deadline < t.day as past_deadline,
           l.delisted_at is null and l.decision is null and l.decision_due < t.day as decision_late,
           l.delisted_at is null
               and coalesce(l.last_progress, l.listed_day) + l.progress_days < t.day as progress_late,
           l.delisted_at is null and l.level <> 'state' and l.escalate_on <= t.day as goes_higher
    from data.listing l
    join api.hazard_case c on c.id = l.case_id
    cross join (select api.city_today() as day) t;

create or replace view api.listing_step as
    select s.id, s.listing_id, s.version, s.step,
           case when not c.veiled then s.words else '' end as words, s.said, s.person,
           replace(s.role, 'gridwarden_', '') as role, s.at, s.day, s.entered_day
    from data.listing_step s join data.listing l on l.id = s.listing_id
    join api.hazard_case c on c.id = l.case_id;

create or replace view api.batch_item as
    select i.id, i.batch_id, b.kind, i.case_id, c.hazard_no,
           case when c.veiled is not true then i.unit end as unit, c.org_id,
           coalesce(c.district_id, i.district_id) as district_id, i.document_no, i.amount_cny, i.channel,
           case when c.veiled is not true then i.note else '' end as note, i.day, i.entered_day, i.person, i.at, i.removed_at, i.removed_by,
           case when c.veiled is not true then i.removed_why end as removed_why
    from data.batch_item i
    join data.batch b on b.id = i.batch_id
    left join api.hazard_case c on c.id = i.case_id
    where c.id is not null
       or i.case_id is null and (select api.role()) in ('supervisor', 'planner', 'inspector')
          and ((select api.my_district(null)) or i.district_id is null
               or i.district_id = any ((select api.my_districts())::bigint[]));

-- A company is told how many batches it stands in, and not how many there are.
create or replace view api.batch_total as
    select k.code as kind, k.place, k.retired,
           (select count(*) from api.batch b where b.kind = k.code)::integer as batches,
           count(i.id)::integer as items, count(distinct i.case_id)::integer as cases,
           count(distinct coalesce('org ' || i.org_id, i.unit))::integer as units,
           coalesce(sum(i.amount_cny), 0)::numeric as amount_cny
    from data.batch_kind k
    left join api.batch_item i on i.kind = k.code and i.removed_at is null
    group by k.code, k.place, k.retired;
