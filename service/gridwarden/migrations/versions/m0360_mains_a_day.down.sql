drop function api.saw_whole(text, int8multirange, numeric, numeric, text, bigint, text),
    api.mains_in_files(bigint, int8multirange),
    api.begin_copy(text, text, text, text, numeric, numeric, text, numeric, bigint),
    data.request_refused(bigint, text, text[], numeric),
    data.mains_counted(text, bigint, int8multirange);
drop table data.mains_seen;

-- The number of a new copy; a word where there is none: 'why', 'second', 'other' (not the part, the
-- person or the length that was approved), 'over' (its hours have passed).
create function api.begin_copy(layer text, part text, format text, crs text, km numeric, why text,
    second_from_km numeric, request bigint) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    r data.export_request;
    made bigint;
begin
    if km > second_from_km then
        if request is null then
            return jsonb_build_object('refused', 'second');
        end if;
        select q.* into r from data.export_request q where q.id = request;
        if r.id is null or r.state <> 'approved' or r.layer <> begin_copy.layer
           or r.part <> begin_copy.part or r.role <> current_setting('role')
           or r.person is distinct from api.person() or begin_copy.km > r.km * 1.05
           or r.org_ids <> coalesce(api.my_orgs(), '{}')
           or r.districts <> coalesce(current_setting('gridwarden.districts', true), '') then
            return jsonb_build_object('refused', 'other');
        elsif r.until < clock_timestamp() then
            return jsonb_build_object('refused', 'over');
        end if;
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
revoke all on function api.begin_copy(text, text, text, text, numeric, text, numeric, bigint) from public;
grant execute on function api.begin_copy(text, text, text, text, numeric, text, numeric, bigint) to
    gridwarden_utility, gridwarden_supervisor;
