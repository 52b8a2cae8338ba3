-- The board counts listed supervision: by the day on which a listing, and a delisting, was entered, in
-- the group where the case stood by then.
create or replace function data.board_listed(upto date, by text) returns table (
    case_id bigint, key text, listed integer, delisted integer)
    language sql stable as
$$
    select l.case_id, a.key, 1, coalesce(l.delisted_entered_day <= upto, false)::integer
    from data.listing l
    left join lateral (
        select data.board_key(board_listed.by, h.district_id, h.org_id, h.family) as key
        from data.hazard_act h where h.case_id = l.case_id and h.entered_day <= upto
        order by h.version desc limit 1) a on true
    where l.entered_day <= upto
$$;
