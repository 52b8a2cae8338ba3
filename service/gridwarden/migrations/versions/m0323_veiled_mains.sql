-- An answer about a main that its asker may not read tells no distance; but verdict and band change at
-- one, and whoever moves the asked area by centimetres, or its buffer, or asks by another method,
-- finds where. So such a main is judged as if it lay elsewhere: moved by up to 2.5 m in a direction
-- that nobody knows, the same for every question, and everything counts from 2.5 m nearer. That is
-- never farther than the main itself, so nothing is clear that was not; and all questions together
-- tell the moved line, which lies within 2.5 m of the true one on either side: a band of 5 m.

-- What the directions are made from: an installation's own, in its backup, read by no role.
create table data.veil_dice (salt text not null default gen_random_uuid()::text);
create unique index veil_dice_one on data.veil_dice ((true));
insert into data.veil_dice default values;
create trigger veil_dice_stays before update or delete or truncate on data.veil_dice
    for each statement execute function data.audit_stays();

-- Half the width of the narrowest band that findings are told in, metres on the ground.
create function data.veil_m() returns double precision
    language sql immutable parallel safe as 'select 2.5::double precision';

-- A main's line, moved: by most of veil_m, so that it is seldom where it is.
create function data.veiled(line geometry, main bigint) returns geometry
    language plpgsql stable set search_path = pg_catalog, public, pg_temp as
$$
declare
    dice constant bytea := sha256(convert_to((select d.salt from data.veil_dice d) || ' ' || main, 'UTF8'));
    turn constant double precision := 2 * pi() * (get_byte(dice, 0) * 65536 + get_byte(dice, 1) * 256
        + get_byte(dice, 2)) / 16777216.0;
    -- a metre of the plane may be a little more than one on the ground
    by_m constant double precision := data.veil_m() * 0.995 * (0.7 + 0.3 * get_byte(dice, 3) / 255.0);
begin
    return st_translate(line, by_m * cos(turn), by_m * sin(turn));
end
$$;

-- Whether the caller may read the main itself: a company its own, a bureau those of its districts.
create function data.reads_main(org_id bigint, line geometry) returns boolean
    language plpgsql stable set search_path = pg_catalog, public, pg_temp as
$$
begin
    return case api.role()
        when 'utility' then api.my_org(reads_main.org_id)
        when 'supervisor' then api.my_district(null) or exists (
            select from data.districts d
            where api.my_district(d.id) and st_intersects(d.geom, reads_main.line))
        else false end;
end
$$;

select data.patch('data.permit_hits(geometry,double precision,double precision,text,numeric,double precision)',
    jsonb_build_array(
    jsonb_build_array(
$w$data.plane_m(wide + read_m + reach
            + (select max($w$,
$w$data.plane_m(wide + read_m + reach + 2 * data.veil_m()
            + (select max($w$),
    jsonb_build_array($w$n.accuracy_m, n.edge_m, m.geom,$w$, $w$n.accuracy_m, n.edge_m, v.geom,$w$),
    jsonb_build_array(
$w$        cross join lateral (select case when st_dwithin(m.geom, ground, data.plane_m(wide + n.edge_m
            + (n.accuracy + coalesce(look.range_m, reach::numeric))::double precision))
            then data.ground_m(m.geom, ground) end offset 0) d(m)
$w$,
$w$        cross join lateral (select data.reads_main(m.org_id, m.geom) offset 0) r(own)
        cross join lateral (select case when r.own then m.geom else data.veiled(m.geom, m.id) end,
                                   case when r.own then 0 else data.veil_m() end offset 0) v(geom, nearer)
        cross join lateral (select case when st_dwithin(v.geom, ground, data.plane_m(wide + n.edge_m + v.nearer
            + (n.accuracy + coalesce(look.range_m, reach::numeric))::double precision))
            then greatest(data.ground_m(v.geom, ground) - v.nearer, 0) end offset 0) d(m)
$w$)));

select data.patch('data.what_if_others(geometry,double precision)', jsonb_build_array(
    jsonb_build_array($w$data.plane_m(50 + wide + ($w$, $w$data.plane_m(50 + wide + 2 * data.veil_m() + ($w$),
    jsonb_build_array(
$w$round((data.ground_m(m.geom, ground) - n.edge_m - wide)::numeric, 4) as gap$w$,
$w$round((greatest(data.ground_m(data.veiled(m.geom, m.id), ground) - data.veil_m(), 0)
                      - n.edge_m - wide)::numeric, 4) as gap$w$)));

revoke all on function data.veil_m(), data.veiled(geometry, bigint), data.reads_main(bigint, geometry)
    from public;
