-- The statements that judge the city judge some of its features, too: those that a change may have
-- made another verdict of. Same text; only who drives the search for candidates differs. In a screen
-- of all, mains or the coarser side drive; for a few subjects, they do, and the other side is found
-- by its index.

---------------------------------------------------------------------------- candidates
-- What the templates' {{candidates}} stand for. `again`: what is near the subjects, with a second
-- look, only where there are any, for what is placed more coarsely than 2 m.
create function data.candidates(kind text) returns text
    language sql immutable as
$templates$
select case kind
when 'pairs' then $t$
    select p.main_id, s.id as subject_id
    from widest w
    cross join {{pieces}} p
    cross join lateral (
        select c.limit_m from reach c where c.profile_id is not distinct from p.profile_id offset 0) r
    cross join lateral (
        select f.id from {{subjects}} f
        where st_dwithin(f.geom, p.geom,
                r.limit_m + data.plane_m(p.edge_m + coalesce(p.accuracy_m, 1) + 2 + w.radius_m))
          and coalesce(f.accuracy_m, 1) <= 2
        offset 0) s
    union
    select p.main_id, s.id
    from widest w
    cross join {{subjects}} s
    cross join lateral (
        select q.main_id from {{pieces}} q
        where st_dwithin(q.geom, s.geom,
                w.limit_m + data.plane_m(w.edge_m + 2 + s.accuracy_m + w.radius_m))
          and coalesce(q.accuracy_m, 1) <= 2
        offset 0) p
    where s.accuracy_m > 2
    union
    select p.main_id, s.id
    from widest w
    cross join (select max(f.accuracy_m) as most from {{subjects}} f where f.accuracy_m > 2) coarse
    cross join {{pieces}} p
    cross join lateral (
        select c.limit_m from reach c where c.profile_id is not distinct from p.profile_id offset 0) r
    cross join lateral (
        select f.id from {{subjects}} f
        where st_dwithin(f.geom, p.geom,
                r.limit_m + data.plane_m(p.edge_m + p.accuracy_m + coarse.most + w.radius_m))
          and f.accuracy_m > 2
        offset 0) s
    where p.accuracy_m > 2 and coarse.most is not null
$t$
when 'pairs again' then $t$
    select p.main_id, s.id as subject_id
    from widest w
    cross join {{subjects}} s
    cross join lateral (
        select q.main_id from {{pieces}} q
        where st_dwithin(q.geom, s.geom, w.limit_m
                + data.plane_m(w.edge_m + 2 + coalesce(s.accuracy_m, 1) + w.radius_m))
          and coalesce(q.accuracy_m, 1) <= 2
        offset 0) p
    union
    select p.main_id, s.id
    from widest w
    cross join (select max(q.accuracy_m) as most from {{pieces}} q where q.accuracy_m > 2) coarse
    cross join {{subjects}} s
    cross join lateral (
        select q.main_id from {{pieces}} q
        where st_dwithin(q.geom, s.geom, w.limit_m
                + data.plane_m(w.edge_m + coarse.most + coalesce(s.accuracy_m, 1) + w.radius_m))
          and q.accuracy_m > 2
        offset 0) p
    where coarse.most is not null
$t$
when 'mains' then $t$
    select a.main_id as subject_id, b.main_id
    from reach r cross join widest w
    cross join {{own_pieces}} a
    cross join lateral (
        select q.main_id from {{pieces}} q
        where st_dwithin(q.geom, a.geom, r.limit_m
              + data.plane_m(a.edge_m + w.edge_m + coalesce(a.accuracy_m, 1) + 2))
          and coalesce(q.accuracy_m, 1) <= 2
        offset 0) b
    where {{each_pair}}
    union
    select a.main_id, b.main_id
    from reach r cross join widest w
    cross join {{pieces}} b
    cross join lateral (
        select q.main_id from {{own_pieces}} q
        where st_dwithin(q.geom, b.geom, r.limit_m
              + data.plane_m(b.edge_m + w.edge_m + b.accuracy_m + coalesce(q.accuracy_m, 1)))
          and coalesce(q.accuracy_m, 1) <= 2
        offset 0) a
    where b.accuracy_m > 2 and {{each_pair}}
    union
    select a.main_id, b.main_id
    from reach r cross join widest w
    cross join {{own_pieces}} a
    join {{pieces}} b on b.accuracy_m > 2 and st_dwithin(b.geom, a.geom, r.limit_m
        + data.plane_m(a.edge_m + w.edge_m + a.accuracy_m + b.accuracy_m))
    where a.accuracy_m > 2 and {{each_pair}}
$t$
when 'mains again' then $t$
    select a.main_id as subject_id, b.main_id
    from reach r cross join widest w
    cross join {{own_pieces}} a
    cross join lateral (
        select q.main_id from {{pieces}} q
        where st_dwithin(q.geom, a.geom, r.limit_m
              + data.plane_m(a.edge_m + w.edge_m + 2 + coalesce(a.accuracy_m, 1)))
          and coalesce(q.accuracy_m, 1) <= 2
        offset 0) b
    where {{each_pair}}
    union
    select a.main_id, b.main_id
    from reach r cross join widest w
    cross join (select max(q.accuracy_m) as most from {{pieces}} q where q.accuracy_m > 2) coarse
    cross join {{own_pieces}} a
    cross join lateral (
        select q.main_id from {{pieces}} q
        where st_dwithin(q.geom, a.geom, r.limit_m
              + data.plane_m(a.edge_m + w.edge_m + coarse.most + coalesce(a.accuracy_m, 1)))
          and q.accuracy_m > 2
        offset 0) b
    where coarse.most is not null and {{each_pair}}
$t$
when 'neighbours' then $t$
    -- whichever side is placed more coarsely than 2 m drives
    select s.id as subject_id, c.id as counterpart_id
    from reach cross join {{subjects}} s
    join {{counterparts}} c on coalesce(c.accuracy_m, 1) <= 2 and st_dwithin(c.geom, s.geom,
        reach.limit_m + data.plane_m(coalesce(s.accuracy_m, 1) + 2))
    where {{others}} and ({{any_where}}) and ({{any_counted}})
    union
    select s.id, c.id
    from reach cross join {{counterparts}} c
    join {{subjects}} s on coalesce(s.accuracy_m, 1) <= 2 and st_dwithin(s.geom, c.geom,
        reach.limit_m + data.plane_m(c.accuracy_m + 2))
    where c.accuracy_m > 2 and {{others}} and ({{any_where}}) and ({{any_counted}})
    union
    select s.id, c.id
    from reach cross join {{subjects}} s
    join {{counterparts}} c on c.accuracy_m > 2 and st_dwithin(c.geom, s.geom,
        reach.limit_m + data.plane_m(s.accuracy_m + c.accuracy_m))
    where s.accuracy_m > 2 and {{others}} and ({{any_where}}) and ({{any_counted}})
$t$
when 'neighbours again' then $t$
    select s.id as subject_id, c.id as counterpart_id
    from reach cross join {{subjects}} s
    join {{counterparts}} c on coalesce(c.accuracy_m, 1) <= 2 and st_dwithin(c.geom, s.geom,
        reach.limit_m + data.plane_m(coalesce(s.accuracy_m, 1) + 2))
    where {{others}} and ({{any_where}}) and ({{any_counted}})
    union
    select s.id, c.id
    from reach
    cross join (select max(f.accuracy_m) as most from {{counterparts}} f where f.accuracy_m > 2) coarse
    cross join {{subjects}} s
    join {{counterparts}} c on c.accuracy_m > 2 and st_dwithin(c.geom, s.geom,
        reach.limit_m + data.plane_m(coalesce(s.accuracy_m, 1) + coarse.most))
    where coarse.most is not null and {{others}} and ({{any_where}}) and ({{any_counted}})
$t$
end
$templates$;

do $patch$
declare
    body text;
    step record;
begin
    for step in select * from (values
        ('data.template_beside_mains(text)', data.candidates('pairs'), $$), measured as materialized ($$),
        ('data.judging_template(text)', data.candidates('mains'), $$), pair as materialized ($$),
        ('data.judging_template(text)', data.candidates('neighbours'), $$), best as materialized ($$)
    ) t(template, was, following) loop
        body := pg_get_functiondef(step.template::regprocedure);
        if position('), candidate as (' || step.was || step.following in body) = 0 then
            raise exception '% is not the template that this changes', step.template;
        end if;
        execute replace(body, '), candidate as (' || step.was || step.following,
                        '), candidate as ({{candidates}}' || step.following);
    end loop;

    body := pg_get_functiondef(
        'data.statement(text, text, text, bigint[], text, text, text, text, text)'::regprocedure);
    for step in select * from (values
($was$    said text := data.judging_template(statement.kind);
$was$,
$now$    said text := replace(data.judging_template(split_part(statement.kind, ' ', 1)), '{{candidates}}',
                         coalesce(data.candidates(statement.kind), ''));
$now$),
($was$case when statement.kind = 'neighbours'
$was$, $now$case when statement.kind like 'neighbours%'
$now$)
    ) t(was, becomes) loop
        if position(step.was in body) = 0 then
            raise exception 'data.statement is not the one that this changes';
        end if;
        body := replace(body, step.was, step.becomes);
    end loop;
    execute body;
end
$patch$;

revoke all on function data.candidates(text) from public;
grant execute on function data.candidates(text) to gridwarden_screen;
