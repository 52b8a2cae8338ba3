-- An extension is applied for before the due day, by one person, and approved before it, by another:
-- what is approved afterwards would make a late case look as if it had never been late.
create index hazard_act_extensions on data.hazard_act (case_id, version)
    where act in ('ask_extension', 'extend', 'refuse_extension');

-- The day that an application asks for, where one waits to be decided; else null.
create function data.extension_asked(case_id bigint) returns date
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select case when a.act = 'ask_extension' then (a.said ->> 'until')::date end
    from data.hazard_act a
    where a.case_id = extension_asked.case_id
      and a.act in ('ask_extension', 'extend', 'refuse_extension', 'assign', 'resume', 'reopen', 'come_back')
    order by a.version desc limit 1
$$;

create or replace function data.case_guard(case_id bigint, act text, said jsonb) returns jsonb
    language plpgsql stable set search_path = pg_catalog, pg_temp as
$$
declare
    due timestamptz;
    until date;
    latest date;
    asked date;
begin
    if act not in ('ask_extension', 'extend', 'refuse_extension') then
        return null;
    end if;
    select h.due_at into due from data.hazard_case h where h.id = case_guard.case_id;
    asked := data.extension_asked(case_guard.case_id);
    if due is null then
        return '{"key": "extensions.no_due"}';
    elsif act <> 'ask_extension' and asked is null then
        return '{"key": "extensions.not_asked"}';
    elsif act <> 'refuse_extension' and data.office_now() > due then
        return jsonb_build_object('key', 'extensions.too_late', 'due_at', due);
    elsif act = 'ask_extension' then
        if asked is not null then
            return jsonb_build_object('key', 'extensions.asked', 'until', asked);
        elsif coalesce(said ->> 'until', '') !~ '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
              or to_char(to_date(said ->> 'until', 'YYYY-MM-DD'), 'YYYY-MM-DD') <> said ->> 'until' then
            return '{"key": "extensions.until"}';
        end if;
        until := (said ->> 'until')::date;
        latest := data.working_day_after(data.city_day(due), (data.deadlines_now()).extension);
        if until <= data.city_day(due) then
            return '{"key": "extensions.until"}';
        elsif until > latest then
            return jsonb_build_object('key', 'extensions.too_long', 'latest', latest);
        end if;
    elsif act = 'extend' and data.city_day((said -> 'set' ->> 'due_at')::timestamptz) > asked then
        return jsonb_build_object('key', 'extensions.more_than_asked', 'until', asked);
    end if;
    return null;
end
$$;

-- What an approver is told of an application: until when, and the moment that this means.
create function api.extension_asked(case_id bigint) returns jsonb
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select jsonb_build_object('until', u.day,
        'due_at', data.city_moment(u.day, (data.deadlines_now()).cut_off),
        'known', data.calendar_known(u.day))
    from data.extension_asked(extension_asked.case_id) u (day)
    where u.day is not null
      and exists (select from api.hazard_case v where v.id = extension_asked.case_id)
$$;

revoke all on function data.extension_asked(bigint), api.extension_asked(bigint) from public;
grant execute on function api.extension_asked(bigint) to gridwarden_utility, gridwarden_supervisor,
    gridwarden_planner, gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
