-- What the public is told of findings: exact where no main is involved; of what is tied to mains,
-- counts from `data.least_told()` on, and never one that others give away (docs/embeds.md proves it).

create function data.least_told() returns integer
    language sql immutable parallel safe as $$ select 5 $$;

-- Which complement is taken among equals must not be known outside: one random value a city.
create table data.told_dice (salt text not null default gen_random_uuid()::text);
create unique index told_dice_one on data.told_dice ((true));
insert into data.told_dice default values;

-- What was withheld in a publication, so that a later one does not tell it for 400 days (no link lives
-- longer): a district (`size` 0), a
-- piece of one in a square of 1000 or 500 m, or one family of a district. `whole`: its parts, too,
-- down to those with nothing in them.
create table data.told_held (
    id bigint generated always as identity primary key,
    embed_id bigint not null,
    at timestamptz not null default clock_timestamp(),
    district_id bigint not null,
    size integer not null check (size in (0, 500, 1000)),
    cx bigint not null default 0,
    cy bigint not null default 0,
    family text,
    itself boolean not null,
    whole boolean not null
);
create index told_held_embed on data.told_held (embed_id);
comment on table data.told_held is
    'As secret as counts under five: it says where those are. Grows by a few hundred rows an embed.';

-- Of one set of siblings whose sum is told (`shown`) or not: which are withheld, and whether those with
-- nothing in them are, too (`whole`). `held`: withheld before.
--
-- Withheld are all from 1 to least − 1. Others join them, smallest size class (5–9, 10–19, 20–39, …)
-- first, within a class by dice that nobody outside knows, until two or more hold findings and their
-- sum is at least `least` more than their number: so each may hold anything from 1 to 1 + least or
-- more. Where too few are left, all are withheld, and the empty ones with them.
create function data.withheld(counts bigint[], held boolean[], dice text[], shown boolean,
    out hidden boolean[], out whole boolean)
    language sql immutable parallel safe as
$$
    with child as (
        select u.i, u.n, not withheld.shown or u.h or u.n between 1 and data.least_told() - 1 as must,
               floor(log(2, greatest(u.n, 1) / data.least_told()::numeric)) as class, u.d
        from unnest(counts, held, dice) with ordinality u (n, h, d, i)
    ), ordered as (
        select c.i, c.n, c.must, row_number() over w as place,
               count(*) filter (where c.n > 0) over w as many, sum(c.n) over w as n_so_far
        from child c where c.n > 0 or c.must
        window w as (order by c.must desc, c.class, c.d, c.i)
    ), last as (
        select min(o.place) as place from ordered o
        where o.place >= (select count(*) from child c where c.must)
          and o.many >= 2 and o.n_so_far - o.many >= data.least_told()
    )
    select array_agg(coalesce(s.some and (l.place is null or o.place <= l.place), false) order by c.i),
           not withheld.shown or coalesce(bool_or(s.some), false) and max(l.place) is null
    from child c
    left join ordered o using (i)
    cross join last l
    cross join (select bool_or(c.must) as some from child c) s
$$;

-- A number of findings as heavy as they are; weights by severity, and `possible`, which is a factor.
create function data.heavy(weights jsonb, severity text, certainty text, n bigint) returns float8
    language sql immutable parallel safe as
$$
    select n * (weights ->> severity)::float8
        * case certainty when 'possible' then (weights ->> 'possible')::float8 else 1 end
$$;

-- What is tied to mains, as a tree: districts, their pieces in squares of 1 km, and of 500 m. `n` and
-- `weight` are null where withheld; `whole`: so are all of its parts, those that are empty, too.
create function api.told_tree(weights jsonb) returns table (
    district_id bigint, size integer, cx bigint, cy bigint, n bigint, weight float8, hidden boolean,
    whole boolean)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    with held as materialized (
        select h.district_id, h.size, h.cx, h.cy, bool_or(h.itself) as itself, bool_or(h.whole) as whole
        from data.told_held h
        where h.family is null and h.at > clock_timestamp() - interval '400 days' group by 1, 2, 3, 4
    ), counted as materialized (
        select g.district_id, g.cx, g.cy, sum(g.n)::bigint as n,
               sum(data.heavy(told_tree.weights, g.severity, g.certainty, g.n)) as weight
        from (select f.district_id, floor(f.x / 500)::bigint as cx, floor(f.y / 500)::bigint as cy,
                     f.severity, f.certainty, count(*) as n
              from data.finding f where f.main and f.district_id is not null
              group by 1, 2, 3, 4, 5) g
        group by 1, 2, 3
    ), node as materialized (
        select district_id, size, cx, cy, coalesce(c.n, 0) as n, coalesce(c.weight, 0) as weight,
               coalesce(h.itself, false) as held, coalesce(h.whole, false) as whole,
               md5(s.salt || concat_ws('/', district_id, size, cx, cy)) as dice
        from (select c.district_id, 500 as size, c.cx, c.cy, c.n, c.weight from counted c
              union all
              select c.district_id, 1000, c.cx >> 1, c.cy >> 1, sum(c.n)::bigint, sum(c.weight)
              from counted c group by 1, 3, 4
              union all
              select c.district_id, 0, 0, 0, sum(c.n)::bigint, sum(c.weight) from counted c group by 1) c
        full join held h using (district_id, size, cx, cy)
        cross join data.told_dice s
    ), district as (
        select d.*, x.hidden, x.hidden or d.whole as closed
        from node d
        cross join lateral (select d.held or d.n between 1 and data.least_told() - 1 as hidden) x
        where d.size = 0
    ), wide as (
        select b.district_id, u.cx, u.cy, u.hidden, w.whole
        from (select p.district_id, array_agg(p.cx order by p.cx, p.cy) as cxs,
                     array_agg(p.cy order by p.cx, p.cy) as cys, array_agg(p.n order by p.cx, p.cy) as ns,
                     array_agg(p.held order by p.cx, p.cy) as helds,
                     array_agg(p.dice order by p.cx, p.cy) as dices
              from node p where p.size = 1000 group by 1) b
        left join district d using (district_id)
        cross join lateral data.withheld(b.ns, b.helds, b.dices, not coalesce(d.closed, true)) w
        cross join lateral unnest(b.cxs, b.cys, w.hidden) u (cx, cy, hidden)
    ), square as (
        select p.*, w.hidden, w.whole as rest, w.hidden or p.whole as closed
        from wide w join node p on p.size = 1000 and (p.district_id, p.cx, p.cy) = (w.district_id, w.cx, w.cy)
    ), fine as (
        select b.district_id, b.px, b.py, u.cx, u.cy, u.hidden, w.whole
        from (select p.district_id, p.cx >> 1 as px, p.cy >> 1 as py,
                     array_agg(p.cx order by p.cx, p.cy) as cxs,
                     array_agg(p.cy order by p.cx, p.cy) as cys, array_agg(p.n order by p.cx, p.cy) as ns,
                     array_agg(p.held order by p.cx, p.cy) as helds,
                     array_agg(p.dice order by p.cx, p.cy) as dices
              from node p where p.size = 500 group by 1, 2, 3) b
        left join square s on (s.district_id, s.cx, s.cy) = (b.district_id, b.px, b.py)
        cross join lateral data.withheld(b.ns, b.helds, b.dices, not coalesce(s.closed, true)) w
        cross join lateral unnest(b.cxs, b.cys, w.hidden) u (cx, cy, hidden)
    ), told as (
        select d.district_id, 0 as size, 0::bigint as cx, 0::bigint as cy, d.n, d.weight, d.hidden,
               d.closed or coalesce(q.rest, false) as whole
        from district d
        left join (select s.district_id, bool_or(s.rest) as rest from square s group by 1) q
            using (district_id)
        union all
        select s.district_id, 1000, s.cx, s.cy, s.n, s.weight, s.hidden,
               s.closed or coalesce(q.rest, false)
        from square s
        left join (select f.district_id, f.px, f.py, bool_or(f.whole) as rest from fine f
                   group by 1, 2, 3) q
            on (q.district_id, q.px, q.py) = (s.district_id, s.cx, s.cy)
        union all
        select p.district_id, 500, p.cx, p.cy, p.n, p.weight, f.hidden, false
        from fine f
        join node p on p.size = 500 and (p.district_id, p.cx, p.cy) = (f.district_id, f.cx, f.cy)
    )
    select t.district_id, t.size, t.cx, t.cy, case when not t.hidden then t.n end,
           case when not t.hidden then t.weight end, t.hidden, t.whole
    from told t
$$;

-- The same by district and family, as everybody may read it, at the figures of now. Rows of findings
-- without a main have a severity and a certainty; of those with one, a row a family that is told, one
-- (family '') for the families together that are not, and rows without `n` for what is withheld: a
-- family, or (family null) all that is tied to mains. Siblings are the families of a district.
create function api.told_counts(weights jsonb) returns table (
    district_id bigint, family text, severity text, certainty text, n bigint, weight float8)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    with counted as materialized (
        select f.main, f.district_id, f.family, f.severity, f.certainty, count(*) as n
        from data.finding f where f.district_id is not null group by 1, 2, 3, 4, 5
    ), held as materialized (
        select h.district_id, h.family, bool_or(h.itself) as itself, bool_or(h.whole) as whole
        from data.told_held h
        where h.size = 0 and h.at > clock_timestamp() - interval '400 days' group by 1, 2
    ), tied as materialized (
        select distinct c.family from counted c where c.main
    ), family as materialized (
        select district_id, family, coalesce(c.n, 0) as n, coalesce(c.weight, 0) as weight,
               coalesce(h.itself, false) as held, md5(s.salt || district_id || '/' || family) as dice
        from (select c.district_id, c.family, sum(c.n)::bigint as n,
                     sum(data.heavy(told_counts.weights, c.severity, c.certainty, c.n)) as weight
              from counted c where c.main group by 1, 2) c
        full join (select * from held where held.family is not null) h using (district_id, family)
        cross join data.told_dice s
    ), district as (
        select b.*, b.n between 1 and data.least_told() - 1 or coalesce(h.itself, false) as hidden,
               coalesce(h.whole, false) as closed
        from (select f.district_id, sum(f.n) as n, array_agg(f.family order by f.family) as families,
                     array_agg(f.n order by f.family) as ns, array_agg(f.held order by f.family) as helds,
                     array_agg(f.dice order by f.family) as dices
              from family f group by 1) b
        left join held h on h.district_id = b.district_id and h.family is null
    ), judged as (
        select d.district_id, d.hidden as all_hidden, u.family, u.hidden, w.whole
        from district d
        cross join lateral data.withheld(d.ns, d.helds, d.dices, not d.hidden) w
        cross join lateral unnest(d.families, w.hidden) u (family, hidden)
    )
    select c.district_id, c.family, c.severity, c.certainty, c.n,
           data.heavy(told_counts.weights, c.severity, c.certainty, c.n)
    from counted c where not c.main
    union all
    select f.district_id, f.family, null, null, f.n, f.weight
    from family f join judged j using (district_id, family) where not j.hidden and f.n > 0
    union all
    select j.district_id, '', null, null, sum(f.n)::bigint, sum(f.weight)
    from judged j join family f using (district_id, family)
    where j.hidden and not j.all_hidden group by 1 having sum(f.n) > 0
    union all
    select j.district_id, t.family, null, null, null, null
    from tied t cross join (select distinct j.district_id, j.whole from judged j) j
    left join judged own using (district_id, family)
    where coalesce(own.hidden, j.whole)
    union all
    select distinct j.district_id, null::text, null, null, null::bigint, null::float8
    from judged j where j.all_hidden
$$;

-- What is open, by the square that it lies in and that square's part of a district: exact.
create function api.told_open(weights jsonb, size_m integer) returns table (
    district_id bigint, cx bigint, cy bigint, family text, n bigint, weight float8)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select g.district_id, g.cx, g.cy, g.family, sum(g.n)::bigint,
           sum(data.heavy(told_open.weights, g.severity, g.certainty, g.n))
    from (select f.district_id, floor(f.x / t.size)::bigint as cx, floor(f.y / t.size)::bigint as cy,
                 f.family, f.severity, f.certainty, count(*) as n
          from data.finding f
          cross join (select case when told_open.size_m = 1000 then 1000.0 else 500.0 end as size) t
          where not f.main and f.district_id is not null group by 1, 2, 3, 4, 5, 6) g
    group by 1, 2, 3, 4
$$;

-- At a moment that has been (docs/time.md).
do $$
begin
    execute replace(replace(pg_get_functiondef('api.told_counts(jsonb)'::regprocedure),
        'api.told_counts(', 'api.told_counts_at('), 'told_counts.weights', 'told_counts_at.weights');
    execute replace(pg_get_functiondef('api.told_counts_at(jsonb)'::regprocedure),
        'data.finding f', 'data.finding_at f');
    if pg_get_functiondef('api.told_counts_at(jsonb)'::regprocedure) !~ 'data\.finding_at f' then
        raise exception 'api.told_counts does not count data.finding f';
    end if;
end
$$;

revoke all on function data.least_told(), data.withheld(bigint[], boolean[], text[], boolean),
    data.heavy(jsonb, text, text, bigint), api.told_tree(jsonb),
    api.told_counts(jsonb), api.told_counts_at(jsonb), api.told_open(jsonb, integer) from public;
grant execute on function api.told_counts(jsonb), api.told_counts_at(jsonb) to
    gridwarden_planner, gridwarden_supervisor, gridwarden_viewer;
grant execute on function api.told_tree(jsonb), api.told_open(jsonb, integer) to
    gridwarden_planner, gridwarden_supervisor;
-- the public had counts of one
revoke select on api.finding_count, api.finding_count_at from gridwarden_viewer;
