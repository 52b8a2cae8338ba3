-- 停工闸: while a case on a critical sub-work (危大工程) of a construction site is not closed, the site's
-- stage stays, whoever would change it and by whichever way: a form, the API or an import. An override
-- is for one site, one stage and a time, by name, and stands in the audit.
create table data.critical_work (
    case_id bigint primary key references data.hazard_case,
    site_id bigint not null,
    work text not null check (work in ('foundation_pit', 'formwork', 'lifting', 'scaffold',
        'demolition', 'tunnelling', 'other')),
    words text not null default '' check (length(words) <= 500),
    person text,
    at timestamptz not null
);
comment on table data.critical_work is
    'Which cases are on a critical sub-work, of which construction site.';
create index critical_work_site on data.critical_work (site_id);

create table data.stage_override (
    id bigint generated always as identity primary key,
    case_id bigint not null references data.hazard_case,
    site_id bigint not null,
    to_stage text not null check (length(btrim(to_stage)) between 1 and 200),
    why text not null check (length(btrim(why)) between 8 and 1000),
    person text not null,
    at timestamptz not null,
    until timestamptz not null,
    used_at timestamptz
);
create index stage_override_site on data.stage_override (site_id) where used_at is null;
create trigger stage_override_stays before delete or truncate on data.stage_override
    for each statement execute function data.audit_stays();

create function data.hold_stage() returns trigger
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    held record;
    used bigint;
begin
    for held in
        select w.case_id, w.work, coalesce(c.hazard_no, c.id::text) as called
        from data.critical_work w join data.hazard_case c on c.id = w.case_id
        where w.site_id = old.id and c.state not in ('closed', 'looked_back', 'invalid')
        order by c.found_at, c.id
    loop
        update data.stage_override o set used_at = data.office_now()
            where o.id = (select x.id from data.stage_override x
                          where x.site_id = old.id and x.case_id = held.case_id and x.used_at is null
                            and x.to_stage = new.stage and x.until > data.office_now()
                          order by x.id limit 1)
            returning id into used;
        if used is null then
            perform data.refuse('GW409', 'stop_work.held', jsonb_build_object('case', held.called,
                'number', held.case_id, 'site', coalesce(old.name, old.code, old.id::text),
                'work', held.work, 'stage', coalesce(old.stage, '–')));
        end if;
        perform api.record('stage_advanced', 'construction_sites/' || old.id, jsonb_build_object(
            'case', held.called, 'override', used, 'from', old.stage, 'to', new.stage));
    end loop;
    return new;
end
$$;
create trigger hold_stage before update of stage on data.construction_sites
    for each row when (new.stage is distinct from old.stage) execute function data.hold_stage();

create view api.critical_work as
    select w.case_id, w.site_id, w.work, w.words, w.person, w.at,
           c.state not in ('closed', 'looked_back', 'invalid') as holds
    from data.critical_work w join api.hazard_case c on c.id = w.case_id;
create view api.stage_override as
    select o.id, o.case_id, o.site_id, o.to_stage, o.why, o.person, o.at, o.until, o.used_at
    from data.stage_override o join api.hazard_case c on c.id = o.case_id;

-- Say that a case is on a critical sub-work: of its own site, or of the one that `said` names.
create function api.set_critical_work(case_id bigint, said jsonb) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    c data.hazard_case;
    site bigint;
begin
    select h.* into c from data.hazard_case h
        where h.id = set_critical_work.case_id
          and exists (select from api.hazard_case v where v.id = h.id);
    if c.id is null then
        perform data.refuse('GW404', 'hazards.none');
    elsif c.state in ('closed', 'looked_back', 'invalid') then
        perform data.refuse('GW409', 'stop_work.case_closed', jsonb_build_object('state', c.state));
    end if;
    site := case when c.layer = 'construction_sites' then c.subject_id else (said ->> 'site')::bigint end;
    if not exists (select from api.construction_sites s where s.id = site) then
        perform data.refuse('GW404', 'stop_work.no_site', '{"column": "site"}');
    elsif exists (select from data.critical_work w where w.case_id = c.id and w.site_id <> site) then
        perform data.refuse('GW409', 'stop_work.other_site');
    end if;
    insert into data.critical_work as w (case_id, site_id, work, words, person, at)
        values (c.id, site, said ->> 'work', coalesce(btrim(said ->> 'words'), ''), api.person(),
                data.office_now())
        on conflict on constraint critical_work_pkey do update set work = excluded.work,
            words = excluded.words, person = excluded.person, at = excluded.at;
    perform api.record('critical_work_set', 'hazards/' || c.id,
        jsonb_build_object('site', site, 'work', said ->> 'work'));
end
$$;

-- Let one site go on to one stage though this case stands; the override's number.
create function api.override_stage(case_id bigint, said jsonb) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    w data.critical_work;
    made bigint;
    moment constant timestamptz := data.office_now();
begin
    select x.* into w from data.critical_work x
        where x.case_id = override_stage.case_id
          and exists (select from api.hazard_case v where v.id = x.case_id);
    if w.case_id is null then
        perform data.refuse('GW404', 'stop_work.not_critical');
    end if;
    insert into data.stage_override (case_id, site_id, to_stage, why, person, at, until)
        values (w.case_id, w.site_id, btrim(said ->> 'to_stage'), btrim(said ->> 'why'),
            coalesce(api.person(), session_user), moment,
            moment + make_interval(hours => (said ->> 'hours')::integer))
        returning id into made;
    perform api.record('stage_override', 'construction_sites/' || w.site_id, jsonb_build_object(
        'case', w.case_id, 'override', made, 'to', btrim(said ->> 'to_stage'), 'why', btrim(said ->> 'why')));
    return made;
end
$$;

revoke all on function data.hold_stage(), api.set_critical_work(bigint, jsonb),
    api.override_stage(bigint, jsonb) from public;
grant select on api.critical_work, api.stage_override to gridwarden_utility, gridwarden_supervisor,
    gridwarden_planner, gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
grant execute on function api.set_critical_work(bigint, jsonb) to gridwarden_supervisor, gridwarden_inspector;
grant execute on function api.override_stage(bigint, jsonb) to gridwarden_supervisor;
