-- A finding of a main is kept with the middle of its 500 m cell, and so is the case that is made of it:
-- that is no place to hold a photo against, neither for near nor for far.
create function data.of_a_cell(c data.hazard_case) returns boolean
    language sql immutable set search_path = pg_catalog, public, pg_temp as
$$
    select coalesce((c.main or c.layer = 'gas_pipelines')
        and st_x(c.place) = floor(st_x(c.place) / 500) * 500 + 250
        and st_y(c.place) = floor(st_y(c.place) / 500) * 500 + 250, false)
$$;
revoke all on function data.of_a_cell(data.hazard_case) from public;

select data.patch('api.add_proof(bigint, jsonb)', jsonb_build_array(jsonb_build_array(
$w$    select p.id into made from data.hazard_proof p
        where p.case_id = c.id and p.kind = said ->> 'kind' and p.sha256 = said ->> 'sha256';
$w$,
$w$    if data.of_a_cell(c) then
        c.place := null;
    end if;
    select p.id into made from data.hazard_proof p
        where p.case_id = c.id and p.kind = said ->> 'kind' and p.sha256 = said ->> 'sha256';
$w$)));
