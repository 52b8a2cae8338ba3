-- A bureau's officer who is a planner as well, or made the planner's key, would open mains to the own hand,
-- and take them without the second person whom a bulk export asks for.
create or replace function api.grant_mains(person text, district bigint, why text, hours integer) returns bigint
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
    if api.one_hand(grant_mains.person, null, api.person(), api.made_by()) or exists (
           select from access.credential c
           where c.person = grant_mains.person and c.role = 'planner' and c.revoked_at is null
             and c.expires_at > clock_timestamp()
             and api.one_hand(c.person, c.made_by, api.person(), api.made_by())) then
        perform data.refuse('GW403', 'granted.one_hand');
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

-- The copy of what somebody's grants open: numbered as every other one that is handed out, once a day
-- and length, because all pages of it are one copy.
create function data.granted_copy(districts bigint[]) returns jsonb
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    made data.export_copy;
    length_km constant numeric := (
        select round(coalesce(sum(st_length(m.geom)), 0)::numeric / 1000, 3) from data.gas_pipelines m
        where exists (select from data.districts d
                      where d.id = any (districts) and st_intersects(d.geom, m.geom)));
begin
    perform pg_advisory_xact_lock(hashtext('gridwarden granted copy ' || api.person()));
    select c.* into made from data.export_copy c
        where c.role = current_setting('role') and c.person = api.person() and c.format = 'granted'
          and c.km = length_km
          and data.city_day(c.made_at) = data.city_day(clock_timestamp())
        order by c.number desc limit 1;
    if made.number is null then
        insert into data.export_copy (role, person, layer, format, crs, km, why)
        select current_setting('role'), api.person(), 'gas_pipelines', 'granted', 'crs84', length_km, g.why
        from data.main_grant g
        where g.person = api.person() and g.district_id = any (districts)
        order by g.id desc limit 1
        returning * into made;
        perform api.record('copy_made', 'gas_pipelines', jsonb_build_object('copy', made.number,
            'format', made.format, 'km', round(length_km, 1), 'why', made.why));
    end if;
    return jsonb_build_object('number', made.number, 'at', made.made_at, 'why', made.why);
end
$$;

-- As before; and whose copy it is. Places are as exact as its mark needs, which the service puts in.
create or replace function api.granted_mains(after bigint, most integer) returns jsonb
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
               'geometry', st_asgeojson(st_transform(m.geom, 4326), 15)::jsonb,
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
    return jsonb_build_object('features', features, 'last', last,
        'copy', case when ids is not null then data.granted_copy(ground) end);
end
$$;

revoke all on function data.granted_copy(bigint[]) from public;
