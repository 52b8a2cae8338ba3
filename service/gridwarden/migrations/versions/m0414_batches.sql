-- 四个一批: batches of kinds that the office chooses. A case may be in many; a unit that was exposed or
-- punished need not have a case here. What was put in is taken out by a mark, never erased.
create table data.batch_kind (
    code text primary key check (code ~ '^[a-z][a-z0-9_]{0,40}$'),
    en text not null,
    zh text not null,
    needs text[] not null check (needs <@ '{document,amount,channel}'),
    source text not null,
    place integer not null,
    retired boolean not null default false
);
comment on table data.batch_kind is
    'The office''s kinds of batches (batches.toml); one that is in use and no longer told is retired.';

create table data.batch (
    id bigint generated always as identity primary key,
    kind text not null references data.batch_kind,
    name text not null check (length(btrim(name)) between 1 and 120),
    day date not null,
    entered_day date not null,
    note text not null default '' check (length(note) <= 1000),
    person text,
    at timestamptz not null
);
create trigger batch_stays before delete or truncate on data.batch
    for each statement execute function data.audit_stays();

create table data.batch_item (
    id bigint generated always as identity primary key,
    batch_id bigint not null references data.batch,
    case_id bigint references data.hazard_case,
    unit text check (length(btrim(unit)) between 1 and 160),
    district_id bigint,
    document_no text check (length(btrim(document_no)) between 1 and 80),
    amount_cny numeric(14, 2) check (amount_cny >= 0),
    channel text check (length(btrim(channel)) between 1 and 160),
    note text not null default '' check (length(note) <= 1000),
    day date not null,
    entered_day date not null,
    person text,
    at timestamptz not null,
    removed_at timestamptz,
    removed_by text,
    removed_why text,
    check (case_id is not null or unit is not null),
    check (day <= entered_day)
);
create unique index batch_item_case on data.batch_item (batch_id, case_id) where removed_at is null;
create unique index batch_item_unit on data.batch_item (batch_id, unit)
    where removed_at is null and case_id is null;
create index batch_item_of_case on data.batch_item (case_id) where removed_at is null;
create trigger batch_item_stays before delete or truncate on data.batch_item
    for each statement execute function data.audit_stays();

create view api.batch_kind as
    select k.code, k.en, k.zh, k.needs, k.source, k.place, k.retired from data.batch_kind k;

-- Items of cases that the caller sees; units without a case by their district.
create view api.batch_item as
    select i.id, i.batch_id, b.kind, i.case_id, c.hazard_no, i.unit, c.org_id,
           coalesce(c.district_id, i.district_id) as district_id, i.document_no, i.amount_cny, i.channel,
           i.note, i.day, i.entered_day, i.person, i.at, i.removed_at, i.removed_by, i.removed_why
    from data.batch_item i
    join data.batch b on b.id = i.batch_id
    left join api.hazard_case c on c.id = i.case_id
    where c.id is not null
       or i.case_id is null and (select api.role()) in ('supervisor', 'planner', 'inspector')
          and ((select api.my_district(null)) or i.district_id is null
               or i.district_id = any ((select api.my_districts())::bigint[]));

create view api.batch as
    select b.id, b.kind, b.name, b.day, b.entered_day, b.note, b.person, b.at from data.batch b
    where (select api.role()) in ('supervisor', 'planner', 'inspector')
       or exists (select from api.batch_item i where i.batch_id = b.id and i.removed_at is null);

-- What the batches of each kind come to: a unit counts once, by its name or as a case's organisation.
create view api.batch_total as
    select k.code as kind, k.place, k.retired, count(distinct i.batch_id)::integer as batches,
           count(i.id)::integer as items, count(distinct i.case_id)::integer as cases,
           count(distinct coalesce('org ' || i.org_id, i.unit))::integer as units,
           coalesce(sum(i.amount_cny), 0)::numeric as amount_cny
    from data.batch_kind k
    left join api.batch_item i on i.kind = k.code and i.removed_at is null
    group by k.code, k.place, k.retired;

create function data.keep_batch_kinds(told jsonb) returns void
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
begin
    delete from data.batch_kind k
        where not exists (select from jsonb_to_recordset(told) as t (code text) where t.code = k.code)
          and not exists (select from data.batch b where b.kind = k.code);
    update data.batch_kind k set retired = true
        where not exists (select from jsonb_to_recordset(told) as t (code text) where t.code = k.code);
    insert into data.batch_kind (code, en, zh, needs, source, place)
        select t.code, t.en, t.zh, t.needs, t.source, t.place
        from jsonb_to_recordset(told)
            as t (code text, en text, zh text, needs text[], source text, place integer)
        on conflict (code) do update set en = excluded.en, zh = excluded.zh, needs = excluded.needs,
            source = excluded.source, place = excluded.place, retired = false;
end
$$;

-- Put an office's kinds in force.
create function api.set_batch_kinds(told jsonb) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    perform data.keep_batch_kinds(told);
    perform api.record('batch_kinds_set', 'batches', '{}', jsonb_array_length(told));
end
$$;

create function api.make_batch(said jsonb) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    made bigint;
    today constant date := data.reporting_day(data.office_now());
begin
    if not exists (select from data.batch_kind k where k.code = said ->> 'kind' and not k.retired) then
        perform data.refuse('GW400', 'batches.bad_kind', '{"column": "kind"}');
    elsif coalesce((said ->> 'day')::date, today) > today then
        perform data.refuse('GW400', 'batches.bad_day', '{"column": "day"}');
    end if;
    insert into data.batch (kind, name, day, entered_day, note, person, at)
        values (said ->> 'kind', btrim(said ->> 'name'), coalesce((said ->> 'day')::date, today), today,
            coalesce(btrim(said ->> 'note'), ''), api.person(), data.office_now())
        returning id into made;
    perform api.record('batch_made', 'batches/' || made, jsonb_build_object('kind', said ->> 'kind'));
    return made;
end
$$;

-- Put cases and units into a batch: `items` is [{case_id | unit, district_id, document_no, amount_cny,
-- channel, note, day}]. All or none; one that is in it already stays as it is. How many are new.
create function api.fill_batch(batch bigint, items jsonb) returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    b data.batch;
    needs text[];
    wrong record;
    n integer;
    moment constant timestamptz := data.office_now();
    today constant date := data.reporting_day(moment);
begin
    select x.* into b from data.batch x where x.id = batch;
    if b.id is null then
        perform data.refuse('GW404', 'batches.none');
    end if;
    select k.needs into needs from data.batch_kind k where k.code = b.kind;
    select t.* into wrong from (
        select o.place - 1 as row, case
            when i.case_id is not null and c.id is null then 'batches.no_case'
            when i.case_id is null and nullif(btrim(i.unit), '') is null then 'batches.case_or_unit'
            when i.district_id is not null and not api.my_district(i.district_id) then 'batches.district'
            when 'document' = any (needs) and nullif(btrim(i.document_no), '') is null then 'batches.document'
            when 'amount' = any (needs) and i.amount_cny is null then 'batches.amount'
            when 'channel' = any (needs) and nullif(btrim(i.channel), '') is null then 'batches.channel'
            when i.day > today then 'batches.bad_day' end as key
        from jsonb_array_elements(items) with ordinality o (one, place)
        cross join lateral jsonb_to_record(o.one) as i (case_id bigint, unit text, district_id bigint,
            document_no text, amount_cny numeric, channel text, day date)
        left join api.hazard_case c on c.id = i.case_id) t
    where t.key is not null order by t.row limit 1;
    if wrong.key is not null then
        perform data.refuse(case when wrong.key = 'batches.no_case' then 'GW404' else 'GW400' end,
            wrong.key, jsonb_build_object('column', 'items.' || wrong.row));
    end if;
    insert into data.batch_item (batch_id, case_id, unit, district_id, document_no, amount_cny, channel,
            note, day, entered_day, person, at)
        select b.id, i.case_id, nullif(btrim(i.unit), ''), i.district_id, nullif(btrim(i.document_no), ''),
               i.amount_cny, nullif(btrim(i.channel), ''), coalesce(btrim(i.note), ''),
               coalesce(i.day, today), today, api.person(), moment
        from jsonb_to_recordset(items) as i (case_id bigint, unit text, district_id bigint,
            document_no text, amount_cny numeric, channel text, note text, day date)
        on conflict do nothing;
    get diagnostics n = row_count;
    perform api.record('batch_filled', 'batches/' || b.id, jsonb_build_object('kind', b.kind), n);
    return n;
end
$$;

create function api.take_from_batch(batch bigint, item bigint, why text) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    found_it boolean;
begin
    update data.batch_item i set removed_at = data.office_now(), removed_by = api.person(),
            removed_why = btrim(why)
        where i.id = item and i.batch_id = batch and i.removed_at is null
          and i.id in (select v.id from api.batch_item v where v.id = item)
        returning true into found_it;
    if found_it is null then
        perform data.refuse('GW404', 'batches.no_item');
    end if;
    perform api.record('batch_item_removed', 'batches/' || batch,
        jsonb_build_object('item', item, 'why', btrim(why)));
    return true;
end
$$;

revoke all on function data.keep_batch_kinds(jsonb), api.set_batch_kinds(jsonb), api.make_batch(jsonb),
    api.fill_batch(bigint, jsonb), api.take_from_batch(bigint, bigint, text) from public;
grant select on api.batch_kind, api.batch, api.batch_item, api.batch_total to gridwarden_utility,
    gridwarden_supervisor, gridwarden_planner, gridwarden_warden, gridwarden_inspector,
    gridwarden_contractor;
grant select on api.batch_kind to gridwarden_administrator;
grant execute on function api.set_batch_kinds(jsonb) to gridwarden_administrator;
grant execute on function api.make_batch(jsonb), api.fill_batch(bigint, jsonb),
    api.take_from_batch(bigint, bigint, text) to gridwarden_supervisor;
