-- Planners read cells; a bureau may grant one of them the exact mains of a district of its own, for
-- hours or days, with a reason. It ends by itself, and every look is on record with the mains' ids.
create table data.main_grant (
    id bigint generated always as identity primary key,
    person text not null,
    district_id bigint not null,
    why text not null check (char_length(btrim(why)) between 8 and 500),
    granted_by text not null default api.person(),
    granted_key_by text default api.made_by(),
    granted_at timestamptz not null default clock_timestamp(),
    ends_at timestamptz not null,
    ended_at timestamptz,
    ended_by text,
    check (ends_at > granted_at and ends_at <= granted_at + interval '30 days')
);
comment on table data.main_grant is 'To whom a bureau opened exact mains: one planner, one district, till when, and why.';
create index main_grant_of on data.main_grant (person) where ended_at is null;

create view api.main_grant as
    select g.id, g.person, g.district_id, d.name as district, g.why, g.granted_by, g.granted_at,
           g.ends_at, g.ended_at, g.ended_by,
           g.ended_at is null and g.ends_at > clock_timestamp() as holds
    from data.main_grant g left join data.districts d on d.id = g.district_id
    where case api.role() when 'planner' then g.person = api.person()
                          when 'supervisor' then api.my_district(g.district_id)
                          when 'auditor' then true else false end;

-- Open a district's mains to a planner; the grant's number.
create function api.grant_mains(person text, district bigint, why text, hours integer) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    made bigint;
begin
    if not exists (select from data.districts d where d.id = grant_mains.district)
       or not api.my_district(grant_mains.district) then
        raise exception 'no such district of yours' using errcode = 'GW404';
    end if;
    if not exists (select from access.account a
                   where a.name = grant_mains.person and a.role = 'planner' and a.disabled_at is null)
       and not exists (select from access.credential c
                       where c.person = grant_mains.person and c.role = 'planner'
                         and c.revoked_at is null and c.expires_at > clock_timestamp()) then
        raise exception 'no planner of that name' using errcode = 'GW404';
    end if;
    insert into data.main_grant (person, district_id, why, ends_at)
        values (grant_mains.person, grant_mains.district, btrim(grant_mains.why),
                clock_timestamp() + make_interval(hours => grant_mains.hours))
        returning id into made;
    perform api.record('mains_granted', 'main_grant/' || made, jsonb_build_object(
        'to', grant_mains.person, 'district', grant_mains.district, 'hours', grant_mains.hours,
        'why', btrim(grant_mains.why)));
    return made;
end
$$;

create function api.end_main_grant(number bigint) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    update data.main_grant g set ended_at = clock_timestamp(), ended_by = api.person()
        where g.id = end_main_grant.number and g.ended_at is null and g.ends_at > clock_timestamp()
          and api.my_district(g.district_id);
    if found then
        perform api.record('main_grant_ended', 'main_grant/' || end_main_grant.number);
    end if;
    return found;
end
$$;

-- The mains that the caller was granted, as GeoJSON: those that touch the districts of grants that
-- hold. Null where none holds. The look is recorded before anything leaves.
create function api.granted_mains(after bigint, most integer) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    ground constant bigint[] := array(
        select g.district_id from data.main_grant g
        where api.role() = 'planner' and g.person = api.person() and g.ended_at is null
          and g.ends_at > clock_timestamp());
    features jsonb;
    ids int8multirange;
    last bigint;
begin
    if cardinality(ground) = 0 then
        return null;
    end if;
    perform api.record('look', 'gas_pipelines', jsonb_build_object('purpose', 'granted',
        'districts', array_to_string(ground, ',')));
    select range_agg(int8range(m.id, m.id, '[]')), max(m.id),
           coalesce(jsonb_agg(jsonb_build_object('type', 'Feature', 'id', m.id,
               'geometry', st_asgeojson(st_transform(m.geom, 4326), 7)::jsonb,
               'properties', jsonb_build_object('code', m.code, 'operator', m.operator,
                   'pressure_class', m.pressure_class, 'material', m.material, 'dn', m.dn,
                   'depth_top_m', m.depth_top_m, 'status', m.status, 'accuracy_m', m.accuracy_m))
               order by m.id), '[]')
        into ids, last, features
        from (select g.* from data.gas_pipelines g
              where g.id > granted_mains.after and exists (
                  select from data.districts d where d.id = any (ground) and st_intersects(d.geom, g.geom))
              order by g.id limit least(greatest(granted_mains.most, 1), 1000)) m;
    perform api.saw('main-grants/mains', ids) where ids is not null;
    return jsonb_build_object('features', features, 'last', last);
end
$$;

revoke all on function api.grant_mains(text, bigint, text, integer), api.end_main_grant(bigint),
    api.granted_mains(bigint, integer) from public;
grant select on api.main_grant to gridwarden_planner, gridwarden_supervisor, gridwarden_auditor;
grant execute on function api.grant_mains(text, bigint, text, integer), api.end_main_grant(bigint) to
    gridwarden_supervisor;
grant execute on function api.granted_mains(bigint, integer) to gridwarden_planner;
