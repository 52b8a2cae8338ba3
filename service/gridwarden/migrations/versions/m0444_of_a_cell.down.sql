select data.patch('api.add_proof(bigint, jsonb)', jsonb_build_array(jsonb_build_array(
$w$    if data.of_a_cell(c) then
        c.place := null;
    end if;
    select p.id into made from data.hazard_proof p
        where p.case_id = c.id and p.kind = said ->> 'kind' and p.sha256 = said ->> 'sha256';
$w$,
$w$    select p.id into made from data.hazard_proof p
        where p.case_id = c.id and p.kind = said ->> 'kind' and p.sha256 = said ->> 'sha256';
$w$)));
drop function data.of_a_cell(data.hazard_case);
