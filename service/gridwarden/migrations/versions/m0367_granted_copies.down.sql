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
drop function data.granted_copy(bigint[]);
