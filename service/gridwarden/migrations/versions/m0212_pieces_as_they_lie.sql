-- Pieces of mains look for what is beside them in the order in which they lie. A join that the planner
-- hashed by the pieces gave them by profile, all over the city: each probe of the index began cold.
-- That a profile has one row here is what `group by` tells it; so it hashes the few profiles.
select data.patch('data.candidates(text)', jsonb_build_array(jsonb_build_array(
$w$    cross join {{pieces}} p
    join reach r on r.profile_id = p.profile_id
    cross join lateral (
        select f.id from {{subjects}} f
        where f.geom && st_expand(p.geom,
$w$,
$w$    cross join {{pieces}} p
    -- grouped once more: so the pieces come as they lie, neighbours after another, and not by profile
    join (select g.profile_id, max(g.limit_m) as limit_m from reach g group by g.profile_id) r
        on r.profile_id = p.profile_id
    cross join lateral (
        select f.id from {{subjects}} f
        where f.geom && st_expand(p.geom,
$w$)));
