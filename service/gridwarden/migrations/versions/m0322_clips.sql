-- A ticket is an excavation. A company, or the bureau, gives it to the contractor who digs: who then
-- reads the mains within the dig area and a little around it, until the ticket ends. A company gives
-- its own mains away and no other's; the bureau all of those in its districts.

-- The area is kept as it was when it was given: whoever may move or widen the excavation later must
-- not thereby show the mains of others.
create table data.ticket_holder (
    id bigint generated always as identity primary key,
    excavation_id bigint not null,
    org_id bigint not null,
    area geometry(Geometry, {srid}) not null,
    ends_on date not null,
    given_role text not null check (given_role in ('utility', 'supervisor')),
    given_orgs bigint[] not null,
    given_by text,
    given_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    ended_by text
);
comment on table data.ticket_holder is
    'Which contractor holds which excavation, given by whom. `area`: the dig area of that moment. '
    '`given_orgs`: whose mains a company gave; of the bureau empty, it gave those of all.';
create index ticket_holder_of on data.ticket_holder (excavation_id) where ended_at is null;

-- How far beyond the dig area a clip reaches, metres on the ground.
create function data.clip_reach_m() returns double precision
    language sql immutable parallel safe as 'select 15.0::double precision';

-- The caller's own givings that hold: a contractor's by its company, a company's and the bureau's by
-- who gave them.
create function data.clip_holds(h data.ticket_holder) returns boolean
    language plpgsql stable set search_path = pg_catalog, public, pg_temp as
$$
begin
    return h.ended_at is null and h.ends_on >= data.today()
       and exists (select from data.excavations e
                   where e.id = h.excavation_id and (e.ends_on is null or e.ends_on >= data.today()))
       and case current_setting('role')
               when 'gridwarden_contractor' then api.my_org(h.org_id)
               when 'gridwarden_utility' then h.given_role = 'utility' and h.given_orgs <@ api.my_orgs()
                   and h.given_orgs && api.my_orgs()
               when 'gridwarden_supervisor' then h.given_role = 'supervisor'
                   and (api.my_district(null) or exists (
                       select from data.districts d
                       where api.my_district(d.id) and st_intersects(d.geom, h.area)))
               else false end;
end
$$;

create function api.tickets_held() returns table (excavation bigint, code text, name text,
    contractor text, ends_on date, given_by text, given_at timestamptz, changed boolean)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select h.excavation_id, e.code, e.name, o.name, h.ends_on, h.given_by, h.given_at,
           not st_equals(e.geom, h.area)
    from data.ticket_holder h
    join data.excavations e on e.id = h.excavation_id
    left join data.organisations o on o.id = h.org_id
    where h.ended_at is null and data.clip_holds(h)
    order by h.ends_on, h.id
$$;

-- Give a ticket to a contractor; the number of the giving. One that the same giver gave before ends.
create function api.give_ticket(excavation bigint, org bigint) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    ticket data.excavations;
    made bigint;
    asker constant text := api.role();
begin
    select e.* into ticket from data.excavations e where e.id = give_ticket.excavation;
    if ticket.id is null or asker = 'supervisor' and not api.my_district(null) and not coalesce((
           select st_covers(st_union(d.geom), ticket.geom)
           from data.districts d where api.my_district(d.id)), false) then
        raise exception 'no such excavation' using errcode = 'GW404';
    end if;
    if asker = 'utility' and api.my_orgs() is null then
        raise exception 'whoever gives a ticket does so for a company' using errcode = 'GW403';
    end if;
    if not exists (select from data.organisations o
                   where o.id = give_ticket.org and o.kind is distinct from 'gas_company') then
        raise exception 'no such contractor' using errcode = 'GW404';
    end if;
    if ticket.ends_on is null or ticket.ends_on < data.today() then
        raise exception 'the excavation has no day on which it ends, or has ended: set ends_on first'
            using errcode = 'GW409';
    end if;
    if st_area(st_buffer(ticket.geom, data.plane_m(data.clip_reach_m()))) > 1e6 then
        raise exception 'the dig area is larger than 1 km²' using errcode = 'GW409';
    end if;
    perform api.end_ticket(ticket.id, give_ticket.org);
    insert into data.ticket_holder (excavation_id, org_id, area, ends_on, given_role, given_orgs, given_by)
        values (ticket.id, give_ticket.org, ticket.geom, ticket.ends_on, asker,
                case asker when 'utility' then api.my_orgs() else '{}' end, api.person())
        returning id into made;
    perform api.record('ticket_given', 'excavations/' || ticket.id,
                       jsonb_build_object('org', give_ticket.org, 'until', ticket.ends_on));
    return made;
end
$$;

-- End what the caller gave, to one contractor or (null) to all; how many.
create function api.end_ticket(excavation bigint, org bigint default null) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    n bigint;
begin
    update data.ticket_holder h set ended_at = clock_timestamp(), ended_by = api.person()
        where h.excavation_id = end_ticket.excavation and h.ended_at is null
          and (end_ticket.org is null or h.org_id = end_ticket.org) and data.clip_holds(h);
    get diagnostics n = row_count;
    if n > 0 then
        perform api.record('ticket_ended', 'excavations/' || end_ticket.excavation, '{}', n);
    end if;
    return n;
end
$$;

-- The mains within the dig area of the caller's ticket, and who has others there that nobody gave.
-- Null where there is no such ticket, it is not the caller's, or it has ended: the same answer. What
-- leaves is on record, with the ids of the mains. Shapes are cut here: no more of a main leaves.
create function api.clip(excavation bigint) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    held data.ticket_holder[];
    area geometry;
    ground geometry;
    mains jsonb;
    ids int8multirange;
    others jsonb;
    ticket record;
    at constant timestamptz := clock_timestamp();
    height double precision;
    mx double precision;
    my double precision;
begin
    select array_agg(h), st_union(h.area) into held, area
        from data.ticket_holder h
        where h.excavation_id = clip.excavation and h.ended_at is null and data.clip_holds(h);
    if held is null then
        return null;
    end if;
    ground := st_buffer(area, data.plane_m(data.clip_reach_m()
        + case when st_dimension(area) = 0 then data.point_radius() else 0 end));
    mx := (st_xmin(ground) + st_xmax(ground)) / 2;
    my := (st_ymin(ground) + st_ymax(ground)) / 2;
    height := greatest(1.12 * (st_ymax(ground) - st_ymin(ground)),
                       0.84 * (st_xmax(ground) - st_xmin(ground)), 40);
    with met as (
        select m.*, st_intersection(m.geom, ground) as cut,
               exists (select from unnest(held) h
                       where h.given_role = 'supervisor' or m.org_id = any (h.given_orgs)) as given
        from data.gas_pipelines m where st_intersects(m.geom, ground)
    )
    select range_agg(int8range(m.id, m.id, '[]')) filter (where m.given),
           coalesce(jsonb_agg(jsonb_build_object('type', 'Feature', 'id', m.id,
               'geometry', st_asgeojson(st_transform(m.cut, 4326), 7)::jsonb,
               'properties', jsonb_build_object('code', m.code, 'operator', coalesce(m.operator, o.name),
                   'pressure_class', m.pressure_class, 'material', m.material, 'dn', m.dn,
                   'od_mm', m.od_mm, 'depth_top_m', m.depth_top_m, 'status', m.status,
                   'accuracy_m', m.accuracy_m),
               'd', st_assvg(st_translate(m.cut, -mx, -my), 0, 2)) order by m.id) filter (where m.given), '[]'),
           coalesce(jsonb_agg(distinct jsonb_build_object('operator', coalesce(m.operator, o.name),
               'phone', coalesce(o.duty_phone, o.phone))) filter (where not m.given), '[]')
        into ids, mains, others
        from met m left join data.organisations o on o.id = m.org_id;
    select e.code, e.name, min(h.ends_on) as ends_on,
           bool_or(not st_equals(e.geom, h.area)) as changed
        into ticket
        from unnest(held) h join data.excavations e on e.id = h.excavation_id group by e.id, e.code, e.name;
    perform api.record('clip_seen', 'excavations/' || clip.excavation, jsonb_build_object(
        'mains', jsonb_array_length(mains), 'reach_m', data.clip_reach_m()), jsonb_array_length(mains));
    perform api.saw('permits/clips', ids) where ids is not null;
    return jsonb_build_object(
        'ticket', clip.excavation, 'code', ticket.code, 'name', ticket.name, 'ends_on', ticket.ends_on,
        'changed', ticket.changed, 'account', api.person(), 'at', at, 'reach_m', data.clip_reach_m(),
        'mains', mains, 'others', others,
        'area', st_asgeojson(st_transform(area, 4326), 7)::jsonb,
        'drawn', jsonb_build_object('height', height,
            'area', st_assvg(st_translate(area, -mx, -my), 0, 2), 'dimension', st_dimension(area),
            'ground', st_assvg(st_translate(ground, -mx, -my), 0, 2),
            'roads', (select coalesce(jsonb_agg(st_assvg(st_translate(r.cut, -mx, -my), 0, 1)), '[]')
                      from (select st_clipbybox2d(r.geom, box2d(st_makeenvelope(mx - 0.67 * height,
                                my - 0.5 * height, mx + 0.67 * height, my + 0.5 * height, {srid}))) as cut
                            from data.roads r
                            where r.geom && st_makeenvelope(mx - 0.67 * height, my - 0.5 * height,
                                mx + 0.67 * height, my + 0.5 * height, {srid}) limit 2000) r
                      where not st_isempty(r.cut))));
end
$$;

revoke all on function data.clip_reach_m(), data.clip_holds(data.ticket_holder), api.tickets_held(),
    api.give_ticket(bigint, bigint), api.end_ticket(bigint, bigint), api.clip(bigint) from public;
grant execute on function api.tickets_held() to
    gridwarden_contractor, gridwarden_utility, gridwarden_supervisor;
grant execute on function api.give_ticket(bigint, bigint), api.end_ticket(bigint, bigint) to
    gridwarden_utility, gridwarden_supervisor;
grant execute on function api.clip(bigint) to gridwarden_contractor;
