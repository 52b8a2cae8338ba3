-- A question's answer tells of another company's main no more than the moved line; the time that it takes
-- told where the main is: mains were looked up by their true lines, and each one more is some work more.
-- So they are looked up by squares of the ground that lie still, and what is within is asked for by its
-- moved line from then on.

-- How far a main's line is moved (metres on the ground) and whereto (from the east, counterclockwise).
create function data.veil_move(main bigint) returns table (turn double precision, by_m double precision)
    language sql stable as
$$
    select 2 * pi() * (get_byte(d.dice, 0) * 65536 + get_byte(d.dice, 1) * 256 + get_byte(d.dice, 2)) / 16777216.0,
           data.veil_m() * 0.995 * (0.7 + 0.3 * get_byte(d.dice, 3) / 255.0)
    from (select sha256(convert_to((select s.salt from data.veil_dice s) || ' ' || veil_move.main, 'UTF8'))
          as dice offset 0) d
$$;

create or replace function data.veiled(line geometry, main bigint) returns geometry
    language plpgsql stable set search_path = pg_catalog, public, pg_temp as
$$
declare
    move record;
    start constant geometry := st_pointn(st_geometryn(line, 1), 1);
    of_plane double precision;
begin
    select m.turn, m.by_m into move from data.veil_move(veiled.main) m;
    -- how long a metre of the plane is there, in that direction
    of_plane := data.ground_m(start, st_translate(start, 10 * cos(move.turn), 10 * sin(move.turn))) / 10;
    return st_translate(line, move.by_m / of_plane * cos(move.turn), move.by_m / of_plane * sin(move.turn));
end
$$;

-- The squares of 50 m of the plane, in which nobody's question lies otherwise, that a ground and what is
-- so many metres around it touches: a box.
create function data.on_lattice(ground geometry, around double precision) returns geometry
    language plpgsql immutable parallel safe set search_path = pg_catalog, public, pg_temp as
$$
begin
    return st_makeenvelope(
        floor((st_xmin(ground) - around) / 50) * 50, floor((st_ymin(ground) - around) / 50) * 50,
        ceil((st_xmax(ground) + around) / 50) * 50, ceil((st_ymax(ground) + around) / 50) * 50,
        st_srid(ground));
end
$$;

select data.patch('data.permit_hits(geometry,double precision,double precision,text,numeric,double precision)',
    jsonb_build_array(
    jsonb_build_array(
$w$    with near as materialized ($w$,
$w$    with far as materialized (
        select data.plane_m(wide + read_m + reach + 2 * data.veil_m()
            + (select max(w.edge_m + coalesce(w.accuracy_m, 1)) from data.main_piece w)) as m
    ), near as materialized ($w$),
    jsonb_build_array(
$w$        from data.main_piece p
        where st_dwithin(p.geom, ground, data.plane_m(wide + read_m + reach + 2 * data.veil_m()
            + (select max(w.edge_m + coalesce(w.accuracy_m, 1)) from data.main_piece w)))
$w$,
$w$        from data.main_piece p
        cross join lateral data.veil_move(p.main_id) v
        where p.geom && data.on_lattice(ground, (select f.m from far f))
          and st_dwithin(st_translate(p.geom, v.by_m * cos(v.turn), v.by_m * sin(v.turn)), ground,
                         (select f.m from far f))
$w$)));

select data.patch('data.what_if_others(geometry,double precision)', jsonb_build_array(
    jsonb_build_array(
$w$    with near as (
        select distinct p.main_id, p.edge_m from data.main_piece p
        where st_dwithin(p.geom, ground, data.plane_m(50 + wide + 2 * data.veil_m() + (select max(w.edge_m) from data.main_piece w)))
$w$,
$w$    with far as materialized (
        select data.plane_m(50 + wide + 2 * data.veil_m() + (select max(w.edge_m) from data.main_piece w)) as m
    ), near as (
        select distinct p.main_id, p.edge_m
        from data.main_piece p
        cross join lateral data.veil_move(p.main_id) v
        where p.geom && data.on_lattice(ground, (select f.m from far f))
          and st_dwithin(st_translate(p.geom, v.by_m * cos(v.turn), v.by_m * sin(v.turn)), ground,
                         (select f.m from far f))
$w$)));

-- A proposal is judged beside the mains that its asker may read; what it would be beside others was worked
-- out, and left out of the answer.
select data.patch('data.what_if_statement(text, text, text, text, bigint[])', jsonb_build_array(
    jsonb_build_array(
$w$              and (not %4$L or q.org_id = $5 and q.main_id is distinct from $4)
$w$,
$w$              and case when %4$L then q.org_id = $5 and q.main_id is distinct from $4
                       else exists (select from api.gas_pipelines g where g.id = q.main_id) end
$w$)));

revoke all on function data.veil_move(bigint), data.on_lattice(geometry, double precision) from public;
