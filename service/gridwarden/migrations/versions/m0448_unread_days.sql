-- What of a row of a district's list could not be read stands with the row, so that it can be shown and
-- asked about; the row is kept without it.
alter table data.their_row add column unread jsonb not null default '{}';
comment on column data.their_row.unread is
    'By field what was written there, and why it was not taken: {"found_on": {"said": "2026-11-31", '
    '"reason": "bad_date"}}.';
create or replace view api.their_row as
    select r.* from data.their_row r join data.their_list l on l.id = r.list_id
    where api.is_mine(l.role, l.person, l.org_ids);
select data.patch('api.bring_list(jsonb, jsonb)', jsonb_build_array(jsonb_build_array(
$w$                                grade, state, found_on, closed_on, responsible, person, place, plain, key)
        select made,$w$,
$w$                                grade, state, found_on, closed_on, responsible, person, place, plain, key,
                                unread)
        select made,$w$),
    jsonb_build_array(
$w$                        md5(concat_ws('|', p.plain, r.category, r.found_on, r.description)))
$w$,
$w$                        md5(concat_ws('|', p.plain, r.category, r.found_on, r.description))),
               coalesce(r.unread, '{}')
$w$),
    jsonb_build_array(
$w$            responsible text, person text, x float8, y float8)
$w$,
$w$            responsible text, person text, x float8, y float8, unread jsonb)
$w$)));
