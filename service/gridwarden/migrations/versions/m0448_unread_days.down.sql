select data.patch('api.bring_list(jsonb, jsonb)', jsonb_build_array(jsonb_build_array(
$w$                                grade, state, found_on, closed_on, responsible, person, place, plain, key,
                                unread)
        select made,$w$,
$w$                                grade, state, found_on, closed_on, responsible, person, place, plain, key)
        select made,$w$),
    jsonb_build_array(
$w$                        md5(concat_ws('|', p.plain, r.category, r.found_on, r.description))),
               coalesce(r.unread, '{}')
$w$,
$w$                        md5(concat_ws('|', p.plain, r.category, r.found_on, r.description)))
$w$),
    jsonb_build_array(
$w$            responsible text, person text, x float8, y float8, unread jsonb)
$w$,
$w$            responsible text, person text, x float8, y float8)
$w$)));
drop view api.their_row;
alter table data.their_row drop column unread;
create view api.their_row as
    select r.* from data.their_row r join data.their_list l on l.id = r.list_id
    where api.is_mine(l.role, l.person, l.org_ids);
grant select on api.their_row to gridwarden_supervisor, gridwarden_planner, gridwarden_inspector;
