select data.patch('data.what_if_statement(text, text, text, text, bigint[])', jsonb_build_array(
    jsonb_build_array(
$w$              and case when %4$L then q.org_id = $5 and q.main_id is distinct from $4
                       else exists (select from api.gas_pipelines g where g.id = q.main_id) end
$w$,
$w$              and (not %4$L or q.org_id = $5 and q.main_id is distinct from $4)
$w$)));

select data.patch('data.what_if_others(geometry,double precision)', jsonb_build_array(
    jsonb_build_array(
$w$    with far as materialized (
        select data.plane_m(50 + wide + 2 * data.veil_m() + (select max(w.edge_m) from data.main_piece w)) as m
    ), near as (
        select distinct p.main_id, p.edge_m
        from data.main_piece p
        cross join lateral data.veil_move(p.main_id) v
        where p.geom && data.on_lattice(ground, (select f.m from far f))
          and st_dwithin(st_translate(p.geom, v.by_m * cos(v.turn), v.by_m * sin(v.turn)), ground,
                         (select f.m from far f))
$w$,
$w$    with near as (
        select distinct p.main_id, p.edge_m from data.main_piece p
        where st_dwithin(p.geom, ground, data.plane_m(50 + wide + 2 * data.veil_m() + (select max(w.edge_m) from data.main_piece w)))
$w$)));

select data.patch('data.permit_hits(geometry,double precision,double precision,text,numeric,double precision)',
    jsonb_build_array(
    jsonb_build_array(
$w$        from data.main_piece p
        cross join lateral data.veil_move(p.main_id) v
        where p.geom && data.on_lattice(ground, (select f.m from far f))
          and st_dwithin(st_translate(p.geom, v.by_m * cos(v.turn), v.by_m * sin(v.turn)), ground,
                         (select f.m from far f))
$w$,
$w$        from data.main_piece p
        where st_dwithin(p.geom, ground, data.plane_m(wide + read_m + reach + 2 * data.veil_m()
            + (select max(w.edge_m + coalesce(w.accuracy_m, 1)) from data.main_piece w)))
$w$),
    jsonb_build_array(
$w$    with far as materialized (
        select data.plane_m(wide + read_m + reach + 2 * data.veil_m()
            + (select max(w.edge_m + coalesce(w.accuracy_m, 1)) from data.main_piece w)) as m
    ), near as materialized ($w$,
$w$    with near as materialized ($w$)));

-- The move is measured on the ground: in a plane whose metres are longer there, one of 2.5 m of the plane
-- would put the main farther away than it is, and something would be clear that is not.
create or replace function data.veiled(line geometry, main bigint) returns geometry
    language plpgsql stable set search_path = pg_catalog, public, pg_temp as
$$
declare
    dice constant bytea := sha256(convert_to((select d.salt from data.veil_dice d) || ' ' || main, 'UTF8'));
    turn constant double precision := 2 * pi() * (get_byte(dice, 0) * 65536 + get_byte(dice, 1) * 256
        + get_byte(dice, 2)) / 16777216.0;
    by_m constant double precision := data.veil_m() * 0.995 * (0.7 + 0.3 * get_byte(dice, 3) / 255.0);
    start constant geometry := st_pointn(st_geometryn(line, 1), 1);
    of_plane double precision;
begin
    -- how long a metre of the plane is there, in that direction
    of_plane := data.ground_m(start, st_translate(start, 10 * cos(turn), 10 * sin(turn))) / 10;
    return st_translate(line, by_m / of_plane * cos(turn), by_m / of_plane * sin(turn));
end
$$;
drop function data.on_lattice(geometry, double precision), data.veil_move(bigint);
