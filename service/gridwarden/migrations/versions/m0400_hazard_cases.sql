-- Hazards are cases, findings are evidence: one case for a family of rules and its subject, followed
-- from 排查 to 销号. Every change of a case is one row of data.hazard_act, written by the function that
-- makes it, and nothing else writes either table.
--
-- Who may do what in which state stands in hazards/life_cycle/life_cycle.toml and is kept here by
-- `gridwarden up`, so that the database holds it whoever asks.

---------------------------------------------------------------------------- the life cycle
create table data.hazard_transition (
    state text not null,
    act text not null,
    to_state text not null,
    who text[] not null,
    sets text[] not null,
    must text[] not null,
    needs text[] not null,
    starts text[] not null,
    apart_from text[] not null,
    own boolean not null,
    undo boolean not null,
    primary key (state, act)
);
comment on table data.hazard_transition is
    'life_cycle.toml, row by row. `state` empty: the row with which a case begins.';

create function data.keep_life_cycle(told jsonb) returns void
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
begin
    delete from data.hazard_transition t
    where not exists (select from jsonb_populate_recordset(null::data.hazard_transition, told) n
                      where n = t);
    insert into data.hazard_transition
    select n.* from jsonb_populate_recordset(null::data.hazard_transition, told) n
    on conflict do nothing;
end
$$;

---------------------------------------------------------------------------- cases
-- By chance, as findings have it: a number counts nothing.
create function data.new_case_id() returns bigint
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
declare
    drawn bigint;
begin
    loop
        drawn := 100000000000000 + ('x' || right(gen_random_uuid()::text, 12))::bit(48)::bigint;
        exit when not exists (select from data.hazard_case c where c.id = drawn);
    end loop;
    return drawn;
end
$$;

create table data.hazard_case (
    id bigint primary key default data.new_case_id(),
    hazard_no text unique,
    version integer not null default 1,
    state text not null,
    family text not null constraint family_length check (length(family) between 1 and 100),
    layer text,
    subject_id bigint,
    source text not null constraint source check (source in ('screening', 'self_check',
        'inspection', 'patrol', 'spot_check', 'report', 'monitoring')),
    category text not null constraint category check (length(category) between 1 and 40),
    external_no text constraint external_no check (length(external_no) between 1 and 80),
    duplicate_of bigint references data.hazard_case,
    place_words text constraint place_words check (length(place_words) between 1 and 300),
    description text constraint description check (length(description) between 1 and 4000),
    grade text constraint grade check (grade in ('general', 'serious', 'major')),
    rank smallint not null generated always as (
        case grade when 'major' then 1 when 'serious' then 2 when 'general' then 3 else 4 end) stored,
    grade_by text check (grade_by in ('evidence', 'person')),
    evidence_grade text,
    certainty text,
    distance_band text,
    main boolean not null default false,
    main_orgs bigint[] not null default '{}',
    standing boolean,
    district_id bigint,
    grid_id bigint,
    place geometry(Point, {srid}),
    org_id bigint,
    person_responsible text constraint person_responsible
        check (length(person_responsible) between 1 and 80),
    supervising_org_id bigint,
    leader_in_charge text constraint leader_in_charge check (length(leader_in_charge) between 1 and 80),
    plan jsonb constraint plan check (jsonb_typeof(plan) = 'object' and length(plan::text) <= 8000),
    found_at timestamptz not null,
    found_by text,
    found_role text,
    entered_at timestamptz not null,
    registered_at timestamptz,
    assigned_at timestamptz,
    due_at timestamptz,
    extended_from timestamptz,
    claimed_at timestamptz,
    closed_at timestamptz,
    closed_by text,
    closing_exception text constraint closing_exception
        check (length(closing_exception) between 1 and 500),
    looked_back_at timestamptz,
    reopened integer not null default 0,
    returned integer not null default 0,
    escalated integer not null default 0,
    changed_at timestamptz not null,
    check ((layer is null) = (subject_id is null)),
    check (duplicate_of <> id),
    constraint hazard_subject unique (family, layer, subject_id)
);
comment on table data.hazard_case is
    'One case for a family and its subject; of a person''s report the family is report.<category>. '
    '`main`: its evidence is tied to mains, `main_orgs` are their companies. `standing`: whether its '
    'finding stands now; null where no rule judges it. The place is the subject''s, never a main''s.';
-- The orders of the list, and what it is narrowed to.
create index hazard_case_newest on data.hazard_case (found_at desc, id desc);
create index hazard_case_due on data.hazard_case (due_at, id) where due_at is not null;
create index hazard_case_worst on data.hazard_case (rank, found_at desc, id desc);
create index hazard_case_district on data.hazard_case (district_id, state);
create index hazard_case_grid on data.hazard_case (grid_id) where grid_id is not null;
create index hazard_case_org on data.hazard_case (org_id) where org_id is not null;
create index hazard_case_main_orgs on data.hazard_case using gin (main_orgs) where main;
create index hazard_case_state on data.hazard_case (state, found_at desc, id desc);
create trigger case_stays before delete or truncate on data.hazard_case
    for each statement execute function data.audit_stays();

create table data.hazard_act (
    id bigint generated always as identity primary key,
    case_id bigint not null references data.hazard_case,
    version integer not null,
    act text not null,
    from_state text not null,
    to_state text not null,
    at timestamptz not null,
    day date not null,
    entered_day date not null,
    from_grade text,
    grade text,
    from_district_id bigint,
    district_id bigint,
    grid_id bigint,
    from_org_id bigint,
    org_id bigint,
    family text not null,
    due_at timestamptz,
    person text,
    role text not null,
    by_orgs bigint[] not null,
    batch_act uuid,
    note text constraint note check (length(note) <= 2000),
    said jsonb not null,
    before jsonb not null,
    unique (case_id, version),
    check (day <= entered_day)
);
comment on table data.hazard_act is
    'One row for every version of every case, never changed: what it is after the act. `day`: the day '
    'it counts on, `entered_day` that on which it was typed (later: 补录). `before`: what it was.';
create index hazard_act_entered on data.hazard_act (entered_day);
create index hazard_act_batch on data.hazard_act (batch_act) where batch_act is not null;
create trigger acts_stay before update or delete or truncate on data.hazard_act
    for each statement execute function data.audit_stays();

create table data.hazard_evidence (
    id bigint generated always as identity primary key,
    case_id bigint not null references data.hazard_case,
    kind text not null check (kind in ('finding', 'inspection', 'report', 'photo', 'document')),
    finding_id bigint unique,
    rule text,
    clause text,
    edition text,
    severity text,
    certainty text,
    distance_band text,
    main boolean not null default false,
    org_id bigint,
    since timestamptz not null,
    until timestamptz,
    at timestamptz not null,
    person text,
    role text not null,
    detail jsonb not null default '{}' constraint detail check (length(detail::text) <= 8000)
);
comment on table data.hazard_evidence is
    'What a case stands on. Of a finding: as it is, or as it last was; its versions are in '
    'data.finding_past. `org_id`: the company of the main.';
create index hazard_evidence_case on data.hazard_evidence (case_id);

create table data.hazard_number (
    area text not null,
    day date not null,
    last integer not null,
    primary key (area, day)
);
comment on table data.hazard_number is 'The last number given: area code, reporting day, sequence.';

-- Owner's views and functions alone reach these: a grant by mistake would show nothing.
alter table data.hazard_case enable row level security;
alter table data.hazard_act enable row level security;
alter table data.hazard_evidence enable row level security;

---------------------------------------------------------------------------- who sees what
create function api.my_districts() returns bigint[]
    language sql stable parallel safe as
$$ select string_to_array(nullif(nullif(current_setting('gridwarden.districts', true), ''), '*'), ',')::bigint[] $$;

create function api.my_grids() returns bigint[]
    language sql stable parallel safe as
$$ select string_to_array(nullif(current_setting('gridwarden.grids', true), ''), ',')::bigint[] $$;

-- What the office's clock says, for who reads the list.
create function api.office_now() returns timestamptz
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select data.office_now() $$;

-- Whether the caller reads of what is tied to mains the 500 m cell alone: the roles of
-- api.veils_finding (tests/hazards compare them).
create function api.veils_cases() returns boolean
    language sql stable parallel safe as
$$ select api.role() in ('planner', 'inspector', 'warden') $$;

-- A bureau, planners and inspectors see the cases of their districts, a warden those of its grids, an
-- organisation those that it was assigned, a gas company those of its own mains besides. Of what is
-- tied to mains the same is told as of findings (api.veils_finding): a grade, a band, the 500 m cell;
-- to a warden nothing, whose grid is smaller than a cell. Asked once a statement, not once a row.
create view api.hazard_case as
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
               ('closed', 'looked_back', 'invalid', 'found'), false) as overdue
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

create view api.hazard_act as
    select a.id, a.case_id, a.version, a.act, a.from_state, a.to_state, a.at, a.day, a.entered_day,
           a.from_grade, a.grade, a.district_id, case when not c.veiled then a.grid_id end as grid_id,
           a.from_org_id, a.org_id, a.due_at, a.person, a.role, a.batch_act,
           case when not c.veiled then a.note end as note,
           case when not c.veiled then a.said else '{}' end as said,
           case when not c.veiled then a.before else '{}' end as before
    from api.hazard_case c join data.hazard_act a on a.case_id = c.id;

-- Rule, clause and edition of what is tied to a main name a band of their own: the finding's page
-- tells them to who may look.
create view api.hazard_evidence as
    select e.id, e.case_id, e.kind, e.finding_id, case when not e.main then e.rule end as rule,
           case when not e.main then e.clause end as clause,
           case when not e.main then e.edition end as edition, e.severity, e.certainty, e.distance_band,
           e.main, e.since, e.until, e.at, e.person, e.role,
           case when not c.veiled then e.detail else '{}' end as detail
    from api.hazard_case c join data.hazard_evidence e on e.case_id = c.id;

create view api.hazard_transition as
    select t.state, t.act, t.to_state, t.who, t.sets, t.must, t.needs, t.starts, t.apart_from, t.own, t.undo
    from data.hazard_transition t;

---------------------------------------------------------------------------- grants
revoke all on function data.keep_life_cycle(jsonb), data.new_case_id(), api.my_districts(), api.my_grids(),
    api.office_now(), api.veils_cases() from public;
grant select on api.hazard_case, api.hazard_act, api.hazard_evidence, api.hazard_transition to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_warden,
    gridwarden_inspector, gridwarden_contractor;
grant execute on function api.my_districts(), api.my_grids(), api.office_now(),
    api.veils_cases() to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_warden,
    gridwarden_inspector, gridwarden_contractor;
-- A list is narrowed by the name of a grid, or of an organisation.
grant execute on function api.grids_called(text) to
    gridwarden_supervisor, gridwarden_planner, gridwarden_inspector, gridwarden_warden;
grant execute on function api.organisations_called(text) to gridwarden_inspector;
