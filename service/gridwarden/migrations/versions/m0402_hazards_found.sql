-- Where cases come from: people report what they see, and the screening finds.

---------------------------------------------------------------------------- reports by people
-- The district and the grid of a place; on a border the first by number, so each place has one.
create function data.ground_of(place geometry, out district_id bigint, out grid_id bigint)
    language sql stable set search_path = pg_catalog, public, pg_temp as
$$
    select (select min(d.id) from data.districts d where st_intersects(d.geom, place)),
           (select min(g.id) from data.warden_grids g where st_intersects(g.geom, place))
$$;

-- Enter what a person found: {"id", "version", "joined"}. A subject that the reporter sees and that has
-- such a case already gets one more piece of evidence. Organisations enter what is their own to mend.
create function api.report_case(told jsonb) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    c data.hazard_case;
    b data.hazard_case;
    t data.hazard_transition;
    moment constant timestamptz := data.office_now();
    mine constant boolean := api.role() in ('utility', 'contractor');
begin
    select x.* into t from data.hazard_transition x where x.state = '' and x.act = 'find';
    if not coalesce(api.role() = any (t.who), false) or mine and api.my_orgs() is null then
        perform data.refuse('GW403', 'hazards.not_for_you', jsonb_build_object('act', 'find',
            'who', t.who, 'state', '', 'legal', '[]'::jsonb));
    end if;
    c := jsonb_populate_record(null::data.hazard_case, told
        - '{id,version,state,main,main_orgs,standing,rank,x,y}'::text[]);
    c.family := 'report.' || c.category;
    c.place := st_setsrid(st_makepoint((told ->> 'x')::float8, (told ->> 'y')::float8), {srid});
    if c.layer is not null then
        if api.feature_to_edit(c.layer, c.subject_id) is null then
            perform data.refuse('GW400', 'hazards.no_such_subject', '{"column": "subject_id"}');
        end if;
        execute format('select coalesce($1, st_pointonsurface(v.geom)), coalesce($2, nullif(v.name, ''''), v.code)
                        from api.%I v where v.id = $3', c.layer)
            into c.place, c.place_words using c.place, c.place_words, c.subject_id;
        select h.* into b from data.hazard_case h
            where h.family = c.family and h.layer = c.layer and h.subject_id = c.subject_id for update;
        if b.id is not null and not exists (select from api.hazard_case v where v.id = b.id) then
            -- somebody else's, unseen: this report stands for itself
            c.layer := null; c.subject_id := null; b := null;
        end if;
    end if;
    if b.id is null then
        select g.district_id, g.grid_id into c.district_id, c.grid_id from data.ground_of(c.place) g;
        insert into data.hazard_case (state, family, layer, subject_id, source, category, external_no,
            place_words, description, grade, grade_by, district_id, grid_id, place, org_id,
            found_at, found_by, found_role, entered_at, changed_at)
        values (t.to_state, c.family, c.layer, c.subject_id, c.source, c.category, c.external_no,
            c.place_words, c.description, c.grade, case when c.grade is not null then 'person' end,
            c.district_id, c.grid_id, c.place, case when mine then (api.my_orgs())[1] end,
            least(coalesce(c.found_at, moment), moment), api.person(), api.role(), moment, moment)
        returning * into b;
        if not exists (select from api.hazard_case v where v.id = b.id) then
            perform data.refuse('GW403', 'hazards.not_your_ground', '{"column": "place"}');
        end if;
        insert into data.hazard_act (case_id, version, act, from_state, to_state, at, day, entered_day,
            grade, district_id, grid_id, org_id, family, person, role, by_orgs, said, before)
        values (b.id, 1, 'find', '', b.state, moment, data.reporting_day(moment),
            data.reporting_day(moment), b.grade, b.district_id, b.grid_id, b.org_id, b.family,
            api.person(), api.role(), coalesce(api.my_orgs(), '{}'), '{}', '{}');
    elsif b.state in ('closed', 'looked_back', 'invalid') then
        select x.* into t from data.hazard_transition x where x.state = b.state and x.act = 'come_back';
        c := data.moved_case(b, b, t, data.reporting_day(moment), moment);
        perform data.write_move(b, c, 'come_back', '{}', null, data.reporting_day(moment), moment);
        b.version := c.version;
    end if;
    insert into data.hazard_evidence (case_id, kind, since, at, person, role, detail)
    values (b.id, case told ->> 'source' when 'inspection' then 'inspection' else 'report' end,
        least(coalesce(c.found_at, moment), moment), moment, api.person(), api.role(),
        jsonb_strip_nulls(jsonb_build_object('description', told ->> 'description', 'source', told ->> 'source')));
    perform api.record('hazard_reported', 'hazards/' || b.id, jsonb_build_object('category', b.category));
    return jsonb_build_object('id', b.id, 'version', b.version, 'joined', b.entered_at < moment);
end
$$;

---------------------------------------------------------------------------- what screening found
create table data.hazard_wait (
    id bigint generated always as identity primary key,
    everything boolean not null default false,
    family text,
    layer text,
    subject_id bigint,
    at timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on table data.hazard_wait is
    'Findings that came, changed or ended and whose cases are still to follow. A statement of over '
    '10,000 rows leaves one line: everything.';
-- What is there already.
insert into data.hazard_wait (everything) select true where exists (select from data.finding);

create function data.case_waits() returns trigger
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    many constant integer := 10000;
    n bigint;
begin
    if tg_op = 'INSERT' then
        select count(*) into n from (select from new_rows limit many + 1) r;
        insert into data.hazard_wait (family, layer, subject_id)
            select distinct r.family, r.layer, r.subject_id from new_rows r where n between 1 and many;
    elsif tg_op = 'DELETE' then
        select count(*) into n from (select from old_rows limit many + 1) r;
        insert into data.hazard_wait (family, layer, subject_id)
            select distinct r.family, r.layer, r.subject_id from old_rows r where n between 1 and many;
    else
        select count(*) into n from (select from new_rows limit many + 1) r;
        insert into data.hazard_wait (family, layer, subject_id)
            select distinct r.family, r.layer, r.subject_id from new_rows r where n between 1 and many;
    end if;
    if n > many then
        insert into data.hazard_wait (everything) values (true);
    end if;
    if n > 0 then
        perform pg_notify('gridwarden_cases', '');
    end if;
    return null;
end
$$;
create trigger case_waits_added after insert on data.finding
    referencing new table as new_rows for each statement execute function data.case_waits();
create trigger case_waits_changed after update on data.finding
    referencing new table as new_rows for each statement execute function data.case_waits();
create trigger case_waits_ended after delete on data.finding
    referencing old table as old_rows for each statement execute function data.case_waits();

-- What one run works with: the subjects that wait, and what stands of each now.
create unlogged table data.hazard_now (
    family text not null,
    layer text not null,
    subject_id bigint not null,
    standing boolean not null,
    severity text,
    certainty text,
    distance_band text,
    main boolean,
    main_orgs bigint[],
    district_id bigint,
    grid_id bigint,
    x double precision,
    y double precision,
    since timestamptz,
    words text
);

-- Put what waits into data.hazard_now; how many subjects.
create function data.take_waiting(at_most integer) returns bigint
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    n bigint;
    all_of_them boolean;
    one text;
begin
    truncate data.hazard_now;
    with taken as (
        delete from data.hazard_wait w
        where w.id in (select o.id from data.hazard_wait o order by o.everything desc, o.id limit at_most)
        returning w.everything, w.family, w.layer, w.subject_id
    ), kept as (
        insert into data.hazard_now (family, layer, subject_id, standing)
        select distinct t.family, t.layer, t.subject_id, false from taken t where not t.everything)
    select count(*), coalesce(bool_or(t.everything), false) into n, all_of_them from taken t;
    if n = 0 then
        return 0;
    elsif all_of_them then
        -- sets with sets, not one by one
        perform set_config('enable_nestloop', 'off', true), set_config('work_mem', '256MB', true);
        truncate data.hazard_now;
        insert into data.hazard_now (family, layer, subject_id, standing)
        select f.family, f.layer, f.subject_id, false from data.finding f
        union select c.family, c.layer, c.subject_id, false from data.hazard_case c where c.standing is not null;
        analyze data.hazard_now;
    end if;
    update data.hazard_now n
    set standing = true, severity = s.severity, certainty = s.certainty, distance_band = s.band,
        main = s.main, main_orgs = s.main_orgs, district_id = s.district_id, x = s.x, y = s.y,
        since = s.since
    from (select f.family, f.layer, f.subject_id,
                 (array['major', 'serious', 'general'])[min(array_position(
                     array['major', 'serious', 'general'], f.severity))] as severity,
                 min(f.certainty) as certainty,
                 (array['0-5', '5-15', '15-50', '50+'])[min(array_position(
                     array['0-5', '5-15', '15-50', '50+'], f.distance_band))] as band,
                 bool_or(f.main) as main,
                 coalesce(array_agg(distinct f.org_id) filter (where f.main and f.org_id is not null), '{}')
                     as main_orgs,
                 min(f.district_id) as district_id, min(f.x) as x, min(f.y) as y,
                 min(f.first_seen) as since
          from data.finding f
          join data.hazard_now w on w.family = f.family and w.layer = f.layer and w.subject_id = f.subject_id
          group by f.family, f.layer, f.subject_id) s
    where n.family = s.family and n.layer = s.layer and n.subject_id = s.subject_id;
    update data.hazard_now n
    set grid_id = (select min(g.id) from data.warden_grids g
                   where st_intersects(g.geom, st_setsrid(st_makepoint(n.x, n.y), {srid})))
    where n.standing;
    for one in select distinct n.layer from data.hazard_now n where n.standing and n.layer <> 'gas_pipelines' loop
        execute format('update data.hazard_now n
                        set words = left(coalesce(nullif(btrim(t.name), ''''), nullif(btrim(t.code), '''')), 300)
                        from data.%I t where n.layer = $1 and t.id = n.subject_id', one) using one;
    end loop;
    select count(*) into n from data.hazard_now;
    return n;
end
$$;

-- Cases of findings that have none yet; how many.
create function data.open_cases(categories jsonb, moment timestamptz) returns bigint
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    n bigint;
begin
    with made as (
        insert into data.hazard_case (state, family, layer, subject_id, source, category, place_words,
            grade, grade_by, evidence_grade, certainty, distance_band, main, main_orgs, standing,
            district_id, grid_id, place, found_at, found_role, entered_at, changed_at)
        select t.to_state, n.family, n.layer, n.subject_id, 'screening',
            coalesce(categories ->> n.family, 'other'), n.words, n.severity, 'evidence', n.severity,
            n.certainty, n.distance_band, n.main, n.main_orgs, true, n.district_id, n.grid_id,
            st_setsrid(st_makepoint(n.x, n.y), {srid}), n.since + (moment - clock_timestamp()), 'screen',
            moment, moment
        from data.hazard_now n
        join data.hazard_transition t on t.state = '' and t.act = 'find'
        where n.standing and not exists (select from data.hazard_case c
            where c.family = n.family and c.layer = n.layer and c.subject_id = n.subject_id)
        returning id, state, grade, district_id, grid_id, family)
    insert into data.hazard_act (case_id, version, act, from_state, to_state, at, day, entered_day, grade,
        district_id, grid_id, family, person, role, by_orgs, said, before)
    select m.id, 1, 'find', '', m.state, moment, d.day, d.day, m.grade, m.district_id, m.grid_id, m.family,
           api.person(), 'screen', '{}', '{}', '{}'
    from made m cross join (select data.reporting_day(moment) as day) d;
    get diagnostics n = row_count;
    return n;
end
$$;

-- Do one act of the screening's to all cases that it is due for; how many.
create function data.follow_by(which text, moment timestamptz) returns bigint
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    n bigint;
begin
    with due as materialized (
        select c.id, c as b, t.to_state, n.severity, n.district_id, n.grid_id, n.x, n.y,
               which = 'come_back' and c.state in ('closed', 'looked_back') as again,
               coalesce(n.severity, '') <> '' and which in ('come_back', 'regrade')
                   and (c.grade_by = 'evidence' or c.grade is null
                        or data.severity_rank(n.severity) > data.severity_rank(c.grade)) as graded
        from data.hazard_now n
        join data.hazard_case c on c.family = n.family and c.layer = n.layer and c.subject_id = n.subject_id
        join data.hazard_transition t on t.state = c.state and t.act = which
        where case which
            when 'end' then c.standing and not n.standing
            when 'come_back' then not c.standing and n.standing
            when 'regrade' then n.standing and n.severity is distinct from c.evidence_grade
            else n.standing and (st_x(c.place), st_y(c.place), c.district_id, c.grid_id)
                     is distinct from (n.x, n.y, n.district_id, n.grid_id) end
        for update of c
    ), done as (
        update data.hazard_case c
        set version = c.version + 1, changed_at = moment, state = m.to_state,
            standing = case which when 'end' then false when 'come_back' then true else c.standing end,
            evidence_grade = coalesce(m.severity, c.evidence_grade),
            grade = case when m.graded then m.severity else c.grade end,
            grade_by = case when m.graded then 'evidence' else c.grade_by end,
            due_at = case when m.again then null
                          when m.graded and m.severity <> c.grade and c.due_at is not null
                               and c.extended_from is null
                          then data.due_at(m.severity, c.family, c.assigned_at) else c.due_at end,
            reopened = c.reopened + m.again::integer,
            closed_at = case when not m.again then c.closed_at end,
            closed_by = case when not m.again then c.closed_by end,
            closing_exception = case when not m.again then c.closing_exception end,
            extended_from = case when not m.again then c.extended_from end,
            assigned_at = case when not m.again then c.assigned_at end,
            claimed_at = case when not m.again then c.claimed_at end,
            district_id = case which when 'move' then m.district_id else c.district_id end,
            grid_id = case which when 'move' then m.grid_id else c.grid_id end,
            place = case which when 'move' then st_setsrid(st_makepoint(m.x, m.y), {srid}) else c.place end
        from due m where c.id = m.id
        returning c.id, c as a
    )
    insert into data.hazard_act (case_id, version, act, from_state, to_state, at, day, entered_day,
        from_grade, grade, from_district_id, district_id, grid_id, from_org_id, org_id, family, due_at,
        person, role, by_orgs, said, before)
    select o.id, (o.a).version, which, (m.b).state, (o.a).state, moment, d.day, d.day, (m.b).grade,
           (o.a).grade, (m.b).district_id, (o.a).district_id, (o.a).grid_id, (m.b).org_id, (o.a).org_id,
           (o.a).family, (o.a).due_at, api.person(), 'screen', '{}', '{}', data.case_before(m.b, o.a)
    from done o join due m on m.id = o.id cross join (select data.reporting_day(moment) as day) d;
    get diagnostics n = row_count;
    return n;
end
$$;

-- What is kept of the evidence: every finding of the subjects, as it is, or as it last was.
create function data.follow_evidence(moment timestamptz) returns void
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
begin
    insert into data.hazard_evidence as v (case_id, kind, finding_id, rule, clause, edition, severity,
        certainty, distance_band, main, org_id, since, at, role, detail)
    select c.id, 'finding', f.id, e.rule, e.clause, e.edition, f.severity, f.certainty, f.distance_band,
           f.main, f.org_id, f.first_seen + (moment - clock_timestamp()), moment, 'screen', '{}'
    from data.hazard_now n
    join data.hazard_case c on c.family = n.family and c.layer = n.layer and c.subject_id = n.subject_id
    join data.finding f on f.family = n.family and f.layer = n.layer and f.subject_id = n.subject_id
    left join data.finding_exact e on e.finding_id = f.id
    where n.standing
    on conflict (finding_id) do update
    set rule = excluded.rule, clause = excluded.clause, edition = excluded.edition,
        severity = excluded.severity, certainty = excluded.certainty,
        distance_band = excluded.distance_band, main = excluded.main, org_id = excluded.org_id
    where (v.rule, v.clause, v.edition, v.severity, v.certainty, v.distance_band, v.org_id)
        is distinct from (excluded.rule, excluded.clause, excluded.edition, excluded.severity,
                          excluded.certainty, excluded.distance_band, excluded.org_id);
    update data.hazard_evidence v set until = moment
    from data.hazard_now n
    join data.hazard_case c on c.family = n.family and c.layer = n.layer and c.subject_id = n.subject_id
    where v.case_id = c.id and v.kind = 'finding' and v.until is null
      and not exists (select from data.finding f where f.id = v.finding_id);
    -- What was tied to a main stays so: its history tells of that main.
    update data.hazard_case c
    set certainty = n.certainty, distance_band = n.distance_band, main = c.main or n.main,
        main_orgs = case when n.main then n.main_orgs else c.main_orgs end
    from data.hazard_now n
    where n.standing and c.family = n.family and c.layer = n.layer and c.subject_id = n.subject_id
      and (c.certainty, c.distance_band, c.main, c.main_orgs) is distinct from
          (n.certainty, n.distance_band, c.main or n.main, case when n.main then n.main_orgs else c.main_orgs end);
end
$$;

-- Let the cases follow the findings, of up to so many lines that wait: how many began, ended, came
-- back, got another grade or place. Null where nothing waits.
create function data.follow_findings(categories jsonb, at_most integer) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    moment timestamptz;
    subjects bigint;
    told jsonb;
begin
    perform pg_advisory_xact_lock(hashtext('gridwarden cases')), set_config('jit', 'off', true);
    subjects := data.take_waiting(at_most);
    if subjects = 0 then
        return null;
    end if;
    moment := data.office_now();
    told := jsonb_build_object('subjects', subjects,
        'ended', data.follow_by('end', moment), 'came_back', data.follow_by('come_back', moment),
        'regraded', data.follow_by('regrade', moment), 'moved', data.follow_by('move', moment),
        'begun', data.open_cases(categories, moment));
    perform data.follow_evidence(moment);
    truncate data.hazard_now;
    perform api.record('hazards_followed', 'hazards', told, subjects)
        where told - 'subjects' <> '{"ended": 0, "came_back": 0, "regraded": 0, "moved": 0, "begun": 0}';
    return told;
end
$$;

---------------------------------------------------------------------------- grants
revoke all on function data.ground_of(geometry), api.report_case(jsonb), data.case_waits(),
    data.take_waiting(integer), data.open_cases(jsonb, timestamptz), data.follow_by(text, timestamptz),
    data.follow_evidence(timestamptz), data.follow_findings(jsonb, integer) from public;
grant execute on function api.report_case(jsonb) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_warden, gridwarden_inspector,
    gridwarden_contractor;
grant execute on function data.follow_findings(jsonb, integer) to gridwarden_screen;
