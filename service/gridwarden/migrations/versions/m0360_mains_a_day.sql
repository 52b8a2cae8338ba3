---------------------------------------------------------------------------- what one person has seen today
create table data.mains_seen (
    person text not null,
    day date not null,
    way text not null check (way in ('page', 'file')),
    request bigint not null default 0,
    mains int8multirange not null default '{}',
    km numeric not null default 0,
    why text,
    primary key (person, day, way, request)
);
comment on table data.mains_seen is
    'Which exact mains one person was shown whole on a day of the city, in pages and in files, and how '
    'long these are together, each once. `request`: under which approved export request; 0 is none. '
    'A running sum of the audit trail: who saw what is told there.';

-- Adds mains to a person's day, in the transaction that shows them: the second of two waits for the
-- first. A main counts once a day; a page counts none that a file has given.
create function data.mains_counted(way text, request bigint, mains int8multirange)
    returns data.mains_seen
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    who constant text := coalesce(api.plain_name(api.person()), session_user);
    today constant date := data.city_day(clock_timestamp());
    fresh int8multirange;
    made data.mains_seen;
begin
    select s.* into made from data.mains_seen s
        where (s.person, s.day, s.way, s.request)
            = (who, today, mains_counted.way, mains_counted.request) for update;
    if not found then
        delete from data.mains_seen s where s.person = who and s.day < today - 7;
        insert into data.mains_seen (person, day, way, request)
            values (who, today, mains_counted.way, mains_counted.request) on conflict do nothing;
        select s.* into made from data.mains_seen s
            where (s.person, s.day, s.way, s.request)
                = (who, today, mains_counted.way, mains_counted.request) for update;
    end if;
    select mains_counted.mains - coalesce(range_agg(s.mains), '{}') into fresh from data.mains_seen s
        where s.person = who and s.day = today and (s.way = 'file' or mains_counted.way = 'page');
    if not isempty(fresh) then
        update data.mains_seen s
            set mains = s.mains + fresh,
                km = s.km + (
                    select coalesce(sum(st_length(g.geom)), 0) / 1000
                    from unnest(fresh) r
                    join data.gas_pipelines g on g.id >= lower(r) and g.id < upper(r))
            where (s.person, s.day, s.way, s.request)
                = (who, today, mains_counted.way, mains_counted.request)
            returning s.* into made;
    end if;
    return made;
end
$$;

-- Why an approved request does not hold for this: 'other' (not approved, or not this person, part or
-- length), 'over' (its hours have passed); null where it does. `parts` are those that will do.
create function data.request_refused(request bigint, layer text, parts text[], km numeric) returns text
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select case
        when r.id is null or r.state <> 'approved' or r.layer <> request_refused.layer
             or r.part <> all (request_refused.parts) or r.role <> current_setting('role')
             or r.person is distinct from api.person() or request_refused.km > r.km * 1.05
             or r.org_ids <> coalesce(api.my_orgs(), '{}')
             or r.districts <> coalesce(current_setting('gridwarden.districts', true), '')
        then 'other'
        when r.until < clock_timestamp() then 'over' end
    from (select) one left join data.export_request r on r.id = request_refused.request
$$;

-- Kilometres of the mains that a person has taken in files today, these among them.
create function api.mains_in_files(request bigint, mains int8multirange) returns numeric
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select (data.mains_counted('file', coalesce(mains_in_files.request, 0), mains_in_files.mains)).km
$$;

-- Whole mains are shown: as `api.saw`, and counted. Above `reason_km` of a day a reason is asked for,
-- once; above `second_km` a request that a second person approved. Else nothing leaves: GW403 with
-- the word ('why', 'second', 'other', 'over') and the day's kilometres.
create function api.saw_whole(route text, mains int8multirange, reason_km numeric, second_km numeric,
    why text, request bigint, part text) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    of_day data.mains_seen;
    refused text;
    said constant text := left(nullif(btrim(saw_whole.why), ''), 500);
begin
    if mains is null or isempty(mains) then
        return null;
    end if;
    of_day := data.mains_counted('page', coalesce(saw_whole.request, 0), saw_whole.mains);
    if saw_whole.request is not null then  -- who may take all may look at a part
        refused := data.request_refused(
            saw_whole.request, 'gas_pipelines', array['', saw_whole.part], of_day.km);
    elsif of_day.km > second_km then
        refused := 'second';
    elsif of_day.km > reason_km then
        if coalesce(length(said), 0) >= 8 and said is distinct from of_day.why then
            update data.mains_seen s set why = said
                where (s.person, s.day, s.way, s.request)
                    = (of_day.person, of_day.day, of_day.way, of_day.request);
            perform api.record('reason_given', 'gas_pipelines',
                jsonb_build_object('why', said, 'km', round(of_day.km, 1)));
        elsif of_day.why is null then
            refused := 'why';
        end if;
    end if;
    if refused is not null then
        raise exception '% %', refused, round(of_day.km, 1) using errcode = 'GW403';
    end if;
    return api.saw(saw_whole.route, saw_whole.mains);
end
$$;

---------------------------------------------------------------------------- files count over the day
drop function api.begin_copy(text, text, text, text, numeric, text, numeric, bigint);

-- The number of a new copy; a word where there is none: 'why', 'second', or what `request_refused`
-- says. `day_km`: what its person takes in files today, this one among it.
create function api.begin_copy(layer text, part text, format text, crs text, km numeric, day_km numeric,
    why text, second_from_km numeric, request bigint) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    r data.export_request;
    refused text;
    made bigint;
begin
    if request is not null or greatest(km, day_km) > second_from_km then
        refused := case when request is null then 'second'
                        else data.request_refused(request, layer, array[part], km) end;
        if refused is not null then
            return jsonb_build_object('refused', refused);
        end if;
        select q.* into r from data.export_request q where q.id = request;
        why := r.why;
    end if;
    if length(btrim(coalesce(why, ''))) < 8 then
        return jsonb_build_object('refused', 'why');
    end if;
    insert into data.export_copy (role, person, layer, format, crs, km, why, request_id)
    values (current_setting('role'), coalesce(api.person(), session_user), begin_copy.layer,
        begin_copy.format, begin_copy.crs, begin_copy.km, left(btrim(begin_copy.why), 500), r.id)
    returning number into made;
    perform api.record('copy_made', begin_copy.layer, jsonb_strip_nulls(jsonb_build_object('copy', made,
        'format', format, 'km', round(km, 1), 'why', left(btrim(begin_copy.why), 500),
        'request', r.id, 'approved_by', r.decided_by)));
    return jsonb_build_object('copy', made, 'why', left(btrim(begin_copy.why), 500));
end
$$;

revoke all on function data.mains_counted(text, bigint, int8multirange),
    data.request_refused(bigint, text, text[], numeric),
    api.mains_in_files(bigint, int8multirange),
    api.saw_whole(text, int8multirange, numeric, numeric, text, bigint, text),
    api.begin_copy(text, text, text, text, numeric, numeric, text, numeric, bigint) from public;
grant execute on function api.mains_in_files(bigint, int8multirange),
    api.saw_whole(text, int8multirange, numeric, numeric, text, bigint, text),
    api.begin_copy(text, text, text, text, numeric, numeric, text, numeric, bigint) to
    gridwarden_utility, gridwarden_supervisor;
