-- Bulk work: many cases in one act. Each is moved by api.move_case, which alone knows what is legal;
-- what is added here is that all happen or none, that those which cannot are named with the reason,
-- and that the whole can be put back by a further act while nobody has gone on since.

create table data.bulk_act (
    id uuid primary key,
    role text not null default current_setting('role'),
    person text,
    org_ids bigint[] not null,
    at timestamptz not null default data.office_now(),
    kind text not null check (kind in ('act', 'sheet', 'undo')),
    told jsonb not null,
    cases integer not null,
    left_out integer not null,
    undoes uuid references data.bulk_act
);
comment on table data.bulk_act is
    'One act on many cases; its rows are data.hazard_act of this `batch_act`. `told`: the act and what '
    'was said with it. `left_out`: how many could not, where only those that can were asked for.';
create unique index bulk_act_undone on data.bulk_act (undoes);

create view api.bulk_act as
    select b.id, b.at, b.person, b.kind, b.told, b.cases, b.left_out, b.undoes, u.id as undone_by
    from data.bulk_act b left join data.bulk_act u on u.undoes = b.id
    where api.is_mine(b.role, b.person, b.org_ids);

-- Do `rows` ([{"id", "expected" (versions, or null), "act", "said", "line"}]) as one act: all, or with
-- `only_possible` those that can; with `dry` none. The answer names those that cannot with the words'
-- key and what fills it. In the order of their ids, so that two acts on the same cases wait for each
-- other and never lock each other out.
create function api.bulk_act(kind text, rows jsonb, only_possible boolean, dry boolean,
        told jsonb default '{}') returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    batch constant uuid := gen_random_uuid();
    one record;
    done jsonb[] := '{}';
    refused jsonb[] := '{}';
    code text;
    message text;
    detail text;
    applied boolean := true;
begin
    if bulk_act.kind not in ('act', 'sheet') then
        raise exception 'no such kind of act' using errcode = 'GW400';
    end if;
    begin
        for one in select r.id, r.expected, r.act, r.said, r.line
                   from jsonb_to_recordset(rows) r (id bigint, expected integer[], act text, said jsonb,
                                                    line integer)
                   order by r.id, r.line
        loop
            begin
                done := done || (api.move_case(one.id, one.expected, one.act, coalesce(one.said, '{}'),
                                               batch) || jsonb_build_object('line', one.line));
            exception when others then
                get stacked diagnostics code = returned_sqlstate, message = message_text,
                    detail = pg_exception_detail;
                if code not like 'GW4%' then
                    raise;
                end if;
                refused := refused || jsonb_build_object('id', one.id, 'line', one.line, 'act', one.act,
                    'code', code, 'key', message, 'detail', coalesce(nullif(detail, ''), '{}')::jsonb);
            end;
        end loop;
        if dry or cardinality(done) = 0 or cardinality(refused) > 0 and not only_possible then
            raise exception 'taken back' using errcode = 'GW000';
        end if;
        insert into data.bulk_act (id, person, org_ids, kind, told, cases, left_out)
            values (batch, api.person(), coalesce(api.my_orgs(), '{}'), bulk_act.kind, told,
                    cardinality(done), cardinality(refused));
        perform api.record('bulk_act', 'hazards', told || jsonb_build_object('batch', batch),
                           cardinality(done));
    exception when sqlstate 'GW000' then
        applied := false;  -- and with it everything that was done above
    end;
    return jsonb_build_object('batch', case when applied then batch end, 'applied', applied,
        'done', to_jsonb(done), 'refused', to_jsonb(refused));
end
$$;

-- Put back what a bulk act did: a further act on each case, by whoever did it, where nothing else has
-- happened to the case since.
create function api.undo_bulk(batch uuid, only_possible boolean, dry boolean) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    b data.bulk_act;
    again constant uuid := gen_random_uuid();
    one record;
    done jsonb[] := '{}';
    refused jsonb[] := '{}';
    code text;
    message text;
    detail text;
    applied boolean := true;
begin
    select t.* into b from data.bulk_act t
        where t.id = undo_bulk.batch and api.is_mine(t.role, t.person, t.org_ids) for update;
    if b.id is null then
        raise exception 'bulk.no_such_act' using errcode = 'GW404';
    end if;
    if b.kind = 'undo' or exists (select from data.bulk_act t where t.undoes = b.id) then
        raise exception 'bulk.undone_before' using errcode = 'GW409';
    end if;
    begin
        for one in select distinct a.case_id from data.hazard_act a where a.batch_act = b.id order by 1
        loop
            begin
                done := done || api.undo_case(one.case_id, null, b.id);
            exception when others then
                get stacked diagnostics code = returned_sqlstate, message = message_text,
                    detail = pg_exception_detail;
                if code not like 'GW4%' then
                    raise;
                end if;
                refused := refused || jsonb_build_object('id', one.case_id, 'code', code, 'key', message,
                    'detail', coalesce(nullif(detail, ''), '{}')::jsonb,
                    'since', (select jsonb_build_object('person', a.person, 'act', a.act, 'at', a.at)
                              from data.hazard_act a where a.case_id = one.case_id
                              order by a.version desc limit 1));
            end;
        end loop;
        if dry or cardinality(done) = 0 or cardinality(refused) > 0 and not only_possible then
            raise exception 'taken back' using errcode = 'GW000';
        end if;
        insert into data.bulk_act (id, person, org_ids, kind, told, cases, left_out, undoes)
            values (again, api.person(), coalesce(api.my_orgs(), '{}'), 'undo', b.told,
                    cardinality(done), cardinality(refused), b.id);
        perform api.record('bulk_undone', 'hazards', jsonb_build_object('batch', b.id), cardinality(done));
    exception when sqlstate 'GW000' then
        applied := false;
    end;
    return jsonb_build_object('batch', case when applied then again end, 'applied', applied,
        'done', to_jsonb(done), 'refused', to_jsonb(refused));
end
$$;

create table data.hazard_saved_view (
    id bigint generated always as identity primary key,
    role text not null default current_setting('role'),
    person text not null,
    name text not null check (length(name) between 1 and 80),
    query text not null check (length(query) <= 2000),
    columns text[] not null,
    shared boolean not null,
    changed_at timestamptz not null default clock_timestamp(),
    unique (role, person, name)
);
comment on table data.hazard_saved_view is
    'A list of cases by its filters and order (`query`, as in an address) and columns. A shared one is '
    'seen by all who list cases, each with the cases that they may see.';

create view api.hazard_saved_view as
    select v.id, v.name, v.query, v.columns, v.shared, v.person, v.changed_at,
           v.role = current_setting('role') and v.person = api.person() as own
    from data.hazard_saved_view v
    where v.shared or v.role = current_setting('role') and v.person = api.person();

create function api.save_view(name text, query text, columns text[], shared boolean) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    made bigint;
begin
    if (select count(*) from data.hazard_saved_view v
        where v.role = current_setting('role') and v.person = api.person()) >= 100 then
        raise exception 'bulk.too_many_views' using errcode = 'GW409';
    end if;
    insert into data.hazard_saved_view as v (person, name, query, columns, shared)
        values (api.person(), save_view.name, save_view.query, save_view.columns, save_view.shared)
        on conflict on constraint hazard_saved_view_role_person_name_key do update
            set query = excluded.query, columns = excluded.columns, shared = excluded.shared,
                changed_at = clock_timestamp()
        returning v.id into made;
    return made;
end
$$;

create function api.forget_view(view bigint) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
begin
    delete from data.hazard_saved_view v
        where v.id = forget_view.view and v.role = current_setting('role') and v.person = api.person();
    return found;
end
$$;

-- A workbook that came back: what it would do, kept between the look at it and the act.
create table data.hazard_sheet (
    id bigint generated always as identity primary key,
    role text not null default current_setting('role'),
    person text,
    org_ids bigint[] not null,
    file_name text not null,
    sha256 text not null,
    language text not null,
    rows jsonb not null,
    report jsonb not null,
    brought_at timestamptz not null default clock_timestamp(),
    applied_at timestamptz,
    batch uuid references data.bulk_act
);
create view api.hazard_sheet as
    select s.* from data.hazard_sheet s where api.is_mine(s.role, s.person, s.org_ids);

create function api.keep_sheet(file_name text, sha256 text, language text, rows jsonb, report jsonb)
    returns bigint
    language sql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
    insert into data.hazard_sheet (person, org_ids, file_name, sha256, language, rows, report)
        values (api.person(), coalesce(api.my_orgs(), '{}'), keep_sheet.file_name, keep_sheet.sha256,
                keep_sheet.language, keep_sheet.rows, keep_sheet.report)
        returning id
$$;

create function api.sheet_applied(sheet bigint, batch uuid) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
begin
    update data.hazard_sheet s set applied_at = clock_timestamp(), batch = sheet_applied.batch
        where s.id = sheet_applied.sheet and s.applied_at is null
          and api.is_mine(s.role, s.person, s.org_ids);
    if not found then
        raise exception 'bulk.sheet_applied' using errcode = 'GW409';
    end if;
end
$$;

revoke all on function api.bulk_act(text, jsonb, boolean, boolean, jsonb),
    api.undo_bulk(uuid, boolean, boolean), api.save_view(text, text, text[], boolean),
    api.forget_view(bigint), api.keep_sheet(text, text, text, jsonb, jsonb),
    api.sheet_applied(bigint, uuid) from public;
grant select on api.bulk_act, api.hazard_sheet to
    gridwarden_supervisor, gridwarden_inspector, gridwarden_utility, gridwarden_contractor,
    gridwarden_warden;
grant execute on function api.bulk_act(text, jsonb, boolean, boolean, jsonb),
    api.undo_bulk(uuid, boolean, boolean), api.keep_sheet(text, text, text, jsonb, jsonb),
    api.sheet_applied(bigint, uuid) to
    gridwarden_supervisor, gridwarden_inspector, gridwarden_utility, gridwarden_contractor,
    gridwarden_warden;
grant select on api.hazard_saved_view to
    gridwarden_supervisor, gridwarden_inspector, gridwarden_utility, gridwarden_contractor,
    gridwarden_warden, gridwarden_planner;
grant execute on function api.save_view(text, text, text[], boolean), api.forget_view(bigint) to
    gridwarden_supervisor, gridwarden_inspector, gridwarden_utility, gridwarden_contractor,
    gridwarden_warden, gridwarden_planner;
