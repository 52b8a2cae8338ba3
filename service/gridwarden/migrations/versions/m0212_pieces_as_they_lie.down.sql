select data.patch('data.candidates(text)', jsonb_build_array(jsonb_build_array(
$w$    cross join {{pieces}} p
    -- grouped once more: so the pieces come as they lie, neighbours after another, and not by profile
    join (select g.profile_id, max(g.limit_m) as limit_m from reach g group by g.profile_id) r
        on r.profile_id = p.profile_id
    cross join lateral (
        select f.id from {{subjects}} f
        where f.geom && st_expand(p.geom,
$w$,
$w$    cross join {{pieces}} p
    join reach r on r.profile_id = p.profile_id
    cross join lateral (
        select f.id from {{subjects}} f
        where f.geom && st_expand(p.geom,
$w$)));
