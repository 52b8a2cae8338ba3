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
