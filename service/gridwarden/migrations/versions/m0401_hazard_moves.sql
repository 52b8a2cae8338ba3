-- How a case moves: by the row of the life cycle that its state and the act name, in one function that
-- checks version, legality, who may, who may not because they rectified, proof, and the rule itself.
-- It refuses with a key of the catalogue as its message and what fills it as JSON in DETAIL.

---------------------------------------------------------------------------- refusals
-- A refusal: a key of the catalogue, and what fills it as JSON in DETAIL.
create function data.refuse(state text, key text, told jsonb default '{}') returns void
    language plpgsql immutable set search_path = pg_catalog, pg_temp as
$$
begin
    raise exception using errcode = state, message = key, detail = told::text;
end
$$;

-- What may stop an act besides the table: null, or {"key": a catalogue's key, and what fills it}.
create function data.case_guard(case_id bigint, act text, said jsonb) returns jsonb
    language sql stable set search_path = pg_catalog, pg_temp as
$$ select null::jsonb $$;

-- Whether there is a proof of this kind since a moment: 'before', 'after' (photos), 'document'.
create function data.has_proof(case_id bigint, kind text, since timestamptz) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select exists (select from data.hazard_evidence e
                   where e.case_id = has_proof.case_id and e.at >= has_proof.since
                     and case has_proof.kind when 'document' then e.kind = 'document'
                         else e.kind = 'photo' and e.detail ->> 'stage' = has_proof.kind end)
$$;

-- Whether the caller may do what a row of the table says to a case.
create function data.may_act(t data.hazard_transition, c data.hazard_case) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select (api.role() = any (t.who)
            or 'responsible' = any (t.who) and api.role() in ('utility', 'contractor')
               and api.my_org(c.org_id))
       and (not t.own or c.found_by = api.person() and c.found_role = api.role())
$$;

-- The row of the table by which the caller does this to the case; refuses all that is not legal.
create function data.legal_act(c data.hazard_case, expected integer[], act text, said jsonb)
    returns data.hazard_transition
    language plpgsql stable set search_path = pg_catalog, public, pg_temp as
$$
declare
    t data.hazard_transition;
    doer data.hazard_act;
    need text;
    stopped jsonb;
begin
    if expected is not null and c.version <> all (expected) then
        perform data.refuse('GW412', 'hazards.stale', jsonb_build_object('version', c.version));
    end if;
    select x.* into t from data.hazard_transition x where x.state = c.state and x.act = legal_act.act;
    if t.act is null then
        if not exists (select from data.hazard_transition x where x.act = legal_act.act) then
            perform data.refuse('GW400', 'hazards.no_such_act', jsonb_build_object('act', legal_act.act));
        end if;
        perform data.refuse('GW409', 'hazards.illegal', jsonb_build_object('state', c.state,
            'act', legal_act.act, 'legal', (select coalesce(jsonb_agg(x.act order by x.act), '[]')
                from data.hazard_transition x where x.state = c.state and data.may_act(x, c))));
    elsif not data.may_act(t, c) then
        perform data.refuse('GW403', 'hazards.not_for_you', jsonb_build_object('act', legal_act.act,
            'who', t.who, 'state', c.state, 'legal', (select coalesce(jsonb_agg(x.act order by x.act), '[]')
                from data.hazard_transition x where x.state = c.state and data.may_act(x, c))));
    end if;
    if cardinality(t.apart_from) > 0 then
        select a.* into doer from data.hazard_act a
        where a.case_id = c.id and a.act = any (t.apart_from)
          and a.version > coalesce((select max(b.version) from data.hazard_act b
                                    where b.case_id = c.id and b.act = 'assign'), 0)
          and (a.person = api.person() or a.by_orgs && api.my_orgs())
        order by a.version desc limit 1;
        if doer.id is not null or api.my_org(c.org_id) then
            perform data.refuse('GW403', case when doer.person = api.person() then 'hazards.same_person'
                else 'hazards.same_organisation' end,
                jsonb_build_object('act', legal_act.act, 'did', coalesce(doer.act, '')));
        end if;
    end if;
    foreach need in array t.needs loop
        if need = 'note' then
            if coalesce(btrim(said ->> 'note'), '') = '' then
                perform data.refuse('GW400', 'hazards.note_needed', jsonb_build_object('act', legal_act.act));
            end if;
        elsif not data.has_proof(c.id, need, coalesce(c.assigned_at, c.found_at))
            and not (need = 'after' and coalesce(btrim(said ->> 'no_photo_because'), '') <> '') then
            perform data.refuse('GW409', 'hazards.proof_needed',
                                jsonb_build_object('act', legal_act.act, 'kind', need));
        end if;
    end loop;
    stopped := data.case_guard(c.id, legal_act.act, said);
    if stopped is not null then
        perform data.refuse('GW409', stopped ->> 'key', stopped - 'key');
    end if;
    return t;
end
$$;

---------------------------------------------------------------------------- closing judges again
create table data.hazard_rejudge (
    case_id bigint not null references data.hazard_case,
    version integer not null,
    change_id bigint,
    asked_at timestamptz not null default clock_timestamp(),
    primary key (case_id, version)
);
comment on table data.hazard_rejudge is
    'Which line of the change queue stands for judging a case''s subject again; gone: it was judged.';

-- Whether the subject was judged since this version of the case was asked to be closed.
create function data.judged_again(c data.hazard_case) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select c.standing is null
        or exists (select from data.hazard_rejudge r
                   where r.case_id = c.id and r.version = c.version
                     and not exists (select from data.change h where h.id = r.change_id))
$$;

-- Have the subject of a case judged again, once for each version of it; whether it was.
create function api.judge_case_again(case_id bigint) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    c data.hazard_case;
    line bigint;
begin
    select h.* into c from data.hazard_case h
        where h.id = judge_case_again.case_id
          and exists (select from api.hazard_case v where v.id = h.id);
    if c.id is null then
        perform data.refuse('GW404', 'hazards.none');
    end if;
    if c.standing is not null and c.state = 'awaiting_verification' and not exists (
           select from data.hazard_rejudge r where r.case_id = c.id and r.version = c.version) then
        execute format('insert into data.change (layer, feature_id, op, old_geom, new_geom)
                        select $1, t.id, ''update'', t.geom, t.geom from data.%I t where t.id = $2
                        returning id', c.layer) into line using c.layer, c.subject_id;
        insert into data.hazard_rejudge (case_id, version, change_id) values (c.id, c.version, line)
            on conflict do nothing;
    end if;
    return data.judged_again(c);
end
$$;

---------------------------------------------------------------------------- writing a move
create function data.next_hazard_no(district_id bigint, on_day date) returns text
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
declare
    code constant text := coalesce((
        select substring(concat_ws(' ', d.code, d.source_id) from '(?<![0-9])[0-9]{6}(?![0-9])')
        from data.districts d where d.id = next_hazard_no.district_id), '000000');
    given integer;
begin
    insert into data.hazard_number as n (area, day, last) values (code, on_day, 1)
        on conflict on constraint hazard_number_pkey do update set last = n.last + 1
        returning n.last into given;
    return code || to_char(on_day, 'YYYYMMDD') || lpad(given::text, greatest(4, length(given::text)), '0');
end
$$;

-- Columns of a case that `before` keeps: all but what every act changes, and the place.
create function data.case_before(b data.hazard_case, c data.hazard_case) returns jsonb
    language sql immutable set search_path = pg_catalog, public, pg_temp as
$$
    select coalesce(jsonb_object_agg(o.key, o.value), '{}')
    from jsonb_each(to_jsonb(b) - '{version,changed_at,place,rank}'::text[]) o
    where to_jsonb(c) -> o.key is distinct from o.value
$$;

-- Keep a case as it is after an act, and the act. The one writer of a single case's move.
create function data.write_move(b data.hazard_case, c data.hazard_case, act text, said jsonb,
    batch uuid, on_day date, moment timestamptz) returns void
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
begin
    update data.hazard_case h
    set version = c.version, changed_at = c.changed_at, state = c.state, hazard_no = c.hazard_no,
        category = c.category, external_no = c.external_no, duplicate_of = c.duplicate_of,
        place_words = c.place_words, description = c.description, grade = c.grade,
        grade_by = c.grade_by, org_id = c.org_id, person_responsible = c.person_responsible,
        supervising_org_id = c.supervising_org_id, leader_in_charge = c.leader_in_charge,
        plan = c.plan, registered_at = c.registered_at, assigned_at = c.assigned_at,
        due_at = c.due_at, extended_from = c.extended_from, claimed_at = c.claimed_at,
        closed_at = c.closed_at, closed_by = c.closed_by, closing_exception = c.closing_exception,
        looked_back_at = c.looked_back_at, reopened = c.reopened, returned = c.returned,
        escalated = c.escalated
    where h.id = c.id;
    insert into data.hazard_act (case_id, version, act, from_state, to_state, at, day, entered_day,
        from_grade, grade, from_district_id, district_id, grid_id, from_org_id, org_id, family, due_at,
        person, role, by_orgs, batch_act, note, said, before)
    values (c.id, c.version, write_move.act, b.state, c.state, moment, on_day,
        data.reporting_day(moment), b.grade, c.grade, b.district_id, c.district_id, c.grid_id,
        b.org_id, c.org_id, c.family, c.due_at, api.person(), coalesce(api.role(), 'owner'),
        coalesce(api.my_orgs(), '{}'), batch, nullif(btrim(said ->> 'note'), ''),
        said - 'note', data.case_before(b, c));
    perform api.record('hazard_moved', 'hazards/' || c.id, jsonb_strip_nulls(jsonb_build_object(
        'act', write_move.act, 'from', b.state, 'to', c.state, 'version', c.version, 'batch', batch)), 1);
end
$$;

-- What an act does to a case by itself, besides what is set.
create function data.moved_case(b data.hazard_case, c data.hazard_case, t data.hazard_transition,
    on_day date, moment timestamptz) returns data.hazard_case
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    -- when it happened: now, or at the end of the day that it is entered for
    happened constant timestamptz := least(moment, data.city_moment(on_day, '23:59:59'));
    latest timestamptz;
begin
    c.state := t.to_state;
    c.version := b.version + 1;
    c.changed_at := moment;
    if c.grade is distinct from b.grade then
        c.grade_by := 'person';
        if b.due_at is not null and b.extended_from is null and b.assigned_at is not null then
            c.due_at := data.due_at(c.grade, c.family, b.assigned_at);
        end if;
    end if;
    if 'number' = any (t.starts) then
        c.hazard_no := coalesce(b.hazard_no, data.next_hazard_no(b.district_id, data.reporting_day(moment)));
        c.registered_at := happened;
    end if;
    if 'deadline' = any (t.starts) then
        c.assigned_at := happened;
        latest := coalesce(case when t.act = 'assign' then b.due_at end,
                           data.due_at(c.grade, c.family, happened));
        if c.due_at is distinct from b.due_at and c.due_at > latest then
            perform data.refuse('GW400', 'hazards.due_too_late', jsonb_build_object('column', 'due_at',
                'latest', latest));
        elsif c.due_at is not distinct from b.due_at then
            c.due_at := latest;
        end if;
    elsif t.act = 'extend' then
        if c.due_at <= b.due_at then
            perform data.refuse('GW400', 'hazards.bad_value', '{"column": "due_at"}');
        end if;
        c.extended_from := coalesce(b.extended_from, b.due_at);
    end if;
    case
        when t.act = 'report_done' then c.claimed_at := happened;
        when t.act = 'send_back' then c.returned := b.returned + 1;
        when t.act = 'escalate' then c.escalated := b.escalated + 1;
        when t.act = 'decline' then c.org_id := null;
        when t.act = 'look_back' then c.looked_back_at := happened;
        when t.to_state = 'closed' then c.closed_at := happened; c.closed_by := api.person();
        when t.act = 'reinstate' then c.duplicate_of := null;
        when t.act in ('reopen', 'come_back') and b.state in ('closed', 'looked_back') then
            c.reopened := b.reopened + 1;
            c.closed_at := null; c.closed_by := null; c.closing_exception := null;
            c.due_at := null; c.extended_from := null; c.assigned_at := null; c.claimed_at := null;
        else null;
    end case;
    return c;
end
$$;

-- The case with what the act sets; refuses a column that the act does not write.
create function data.set_by_act(b data.hazard_case, t data.hazard_transition, said jsonb)
    returns data.hazard_case
    language plpgsql stable set search_path = pg_catalog, public, pg_temp as
$$
declare
    told constant jsonb := coalesce(said -> 'set', '{}');
    c data.hazard_case;
    wrong text;
begin
    if jsonb_typeof(told) <> 'object' then
        perform data.refuse('GW400', 'hazards.bad_value', '{"column": "set"}');
    end if;
    select k into wrong from jsonb_object_keys(told) k where k <> all (t.sets) limit 1;
    if wrong is not null then
        perform data.refuse('GW400', 'hazards.set_not_allowed',
                            jsonb_build_object('column', wrong, 'act', t.act));
    end if;
    c := jsonb_populate_record(b, told);
    select m into wrong from unnest(t.must) m where nullif(to_jsonb(c) -> m, 'null') is null limit 1;
    if wrong is not null then
        perform data.refuse('GW400', 'hazards.must', jsonb_build_object('column', wrong, 'act', t.act));
    end if;
    select k into wrong from (values ('org_id', c.org_id), ('supervising_org_id', c.supervising_org_id)) o(k, id)
        where told ? k and id is not null
          and not exists (select from data.organisations g where g.id = o.id) limit 1;
    if wrong is null and told ? 'duplicate_of' and (c.duplicate_of = b.id
        or not exists (select from api.hazard_case v where v.id = c.duplicate_of)) then
        wrong := 'duplicate_of';
    elsif wrong is null and told ? 'due_at' and c.due_at <= data.office_now() then
        wrong := 'due_at';
    elsif wrong is null and told ? 'grade' and c.grade is null then
        wrong := 'grade';
    end if;
    if wrong is not null then
        perform data.refuse('GW400', 'hazards.bad_value', jsonb_build_object('column', wrong));
    end if;
    return c;
end
$$;

-- The reporting day that an act counts on: today, or an earlier one that is said (补录).
create function data.day_of_act(case_id bigint, said jsonb, moment timestamptz) returns date
    language plpgsql stable set search_path = pg_catalog, pg_temp as
$$
declare
    today constant date := data.reporting_day(moment);
    told date;
begin
    if said ->> 'happened_on' is null then
        return today;
    end if;
    told := (said ->> 'happened_on')::date;
    if told > today or api.role() not in ('supervisor', 'inspector')
        or told < (select max(a.day) from data.hazard_act a where a.case_id = day_of_act.case_id) then
        perform data.refuse('GW400', 'hazards.bad_day', '{"column": "happened_on"}');
    end if;
    return told;
end
$$;

-- Move a case, and its number, version and state after it. `expected`: the versions that the caller
-- read, null for any. `said`: {"note", "set": {column: value}, "happened_on", "no_photo_because", …}.
create function api.move_case(case_id bigint, expected integer[], act text, said jsonb default '{}',
    batch uuid default null) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
    set lock_timeout = '5s' as
$$
declare
    b data.hazard_case;
    c data.hazard_case;
    t data.hazard_transition;
    moment timestamptz;
    on_day date;
begin
    select h.* into b from data.hazard_case h where h.id = move_case.case_id for update;
    if b.id is null or not exists (select from api.hazard_case v where v.id = b.id) then
        perform data.refuse('GW404', 'hazards.none');
    end if;
    moment := data.office_now();
    t := data.legal_act(b, expected, move_case.act, said);
    on_day := data.day_of_act(b.id, said, moment);
    if 'rule' = any (t.starts) then
        if not data.judged_again(b) then
            perform data.refuse('GW409', 'hazards.not_judged_yet');
        elsif b.standing is not null and exists (select from data.finding f
                where f.family = b.family and f.layer = b.layer and f.subject_id = b.subject_id) then
            perform data.refuse('GW409', 'hazards.still_stands', jsonb_build_object('family', b.family,
                'findings', (select jsonb_agg(f.id order by f.id) from data.finding f
                             where f.family = b.family and f.layer = b.layer and f.subject_id = b.subject_id
                               and api.sees_finding(f.main, f.org_id, f.district_id))));
        end if;
    end if;
    c := data.moved_case(b, data.set_by_act(b, t, said), t, on_day, moment);
    perform data.write_move(b, c, t.act, said, batch, on_day, moment);
    return jsonb_build_object('id', c.id, 'version', c.version, 'state', c.state,
        'hazard_no', c.hazard_no, 'due_at', c.due_at);
end
$$;

-- Undo what was done in bulk: the case's last act, where the table says that it can be undone.
create function api.undo_case(case_id bigint, expected integer[], batch uuid) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
    set lock_timeout = '5s' as
$$
declare
    b data.hazard_case;
    c data.hazard_case;
    a data.hazard_act;
    t data.hazard_transition;
    moment timestamptz;
begin
    select h.* into b from data.hazard_case h where h.id = undo_case.case_id for update;
    if b.id is null or not exists (select from api.hazard_case v where v.id = b.id) then
        perform data.refuse('GW404', 'hazards.none');
    end if;
    select x.* into a from data.hazard_act x where x.case_id = b.id and x.version = b.version;
    if expected is not null and b.version <> all (expected) or a.batch_act is distinct from undo_case.batch then
        perform data.refuse('GW412', 'hazards.stale', jsonb_build_object('version', b.version));
    end if;
    select x.* into t from data.hazard_transition x where x.state = a.from_state and x.act = a.act;
    if t.undo is not true then
        perform data.refuse('GW409', 'hazards.not_undone', jsonb_build_object('act', a.act));
    elsif not data.may_act(t, b) then
        perform data.refuse('GW403', 'hazards.not_for_you', jsonb_build_object('act', a.act,
            'who', t.who, 'state', b.state, 'legal', '[]'::jsonb));
    end if;
    moment := data.office_now();
    c := jsonb_populate_record(b, a.before);
    c.version := b.version + 1;
    c.changed_at := moment;
    perform data.write_move(b, c, 'undo', jsonb_build_object('undone', a.act), undo_case.batch,
                            data.reporting_day(moment), moment);
    return jsonb_build_object('id', c.id, 'version', c.version, 'state', c.state,
        'hazard_no', c.hazard_no, 'due_at', c.due_at);
end
$$;

---------------------------------------------------------------------------- grants
revoke all on function data.refuse(text, text, jsonb), data.case_guard(bigint, text, jsonb),
    data.has_proof(bigint, text, timestamptz), data.may_act(data.hazard_transition, data.hazard_case),
    data.legal_act(data.hazard_case, integer[], text, jsonb), data.judged_again(data.hazard_case),
    api.judge_case_again(bigint), data.next_hazard_no(bigint, date),
    data.case_before(data.hazard_case, data.hazard_case),
    data.write_move(data.hazard_case, data.hazard_case, text, jsonb, uuid, date, timestamptz),
    data.moved_case(data.hazard_case, data.hazard_case, data.hazard_transition, date, timestamptz),
    data.set_by_act(data.hazard_case, data.hazard_transition, jsonb),
    data.day_of_act(bigint, jsonb, timestamptz),
    api.move_case(bigint, integer[], text, jsonb, uuid), api.undo_case(bigint, integer[], uuid)
    from public;
grant execute on function api.move_case(bigint, integer[], text, jsonb, uuid),
    api.undo_case(bigint, integer[], uuid), api.judge_case_again(bigint) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_warden, gridwarden_inspector,
    gridwarden_contractor;
