create or replace function data.veiled(line geometry, main bigint) returns geometry
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
