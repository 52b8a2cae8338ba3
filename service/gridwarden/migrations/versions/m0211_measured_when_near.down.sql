select data.patch('data.template_beside_mains(text)', jsonb_build_array(
    jsonb_build_array(
$w$from best b
{{subject of b}}
{{main of b}}
$w$,
$w$from best b
join {{subjects}} s on s.id = b.subject_id
join {{mains}} m on m.id = b.main_id
$w$),
    jsonb_build_array(
$w$            when b.certainty = 'possible' and r.plane = 'horizontal'
             and (b.gap <= 0 or r.measured_to = 'centre')
             and data.runs_through($w$,
$w$            when b.certainty = 'possible' and r.plane = 'horizontal'
             and data.runs_through($w$),
    jsonb_build_array(
$w$    from measured d
    join asked q on q.profile_id = d.profile_id and (q.most_m is null or d.least_m <= q.most_m)
    {{subject of d}}
$w$,
$w$    from measured d
    join {{subjects}} s on s.id = d.subject_id
    join asked q on q.profile_id = d.profile_id
$w$),
    jsonb_build_array(
$w$    select c.subject_id, c.main_id, k.org_id, k.profile_id, k.edge_m, k.missing,
           ground.m::numeric as distance, joint.accuracy,
           ground.m - k.edge_m - w.radius_m - joint.accuracy as least_m,
           m.accuracy_m is null or s.accuracy_m is null as capped,
           m.depth_top_m, st_dimension(s.geom) as dimension
    from widest w
    cross join candidate c
    {{subject of c}}
    {{main of c}}
    cross join lateral (select f.* from {{pieces}} f where f.main_id = c.main_id and f.no = 1 offset 0) k
    cross join lateral (select data.ground_m(s.geom, m.geom) as m offset 0) ground
    cross join lateral (select data.joint_accuracy(m.accuracy_m, s.accuracy_m) as accuracy offset 0) joint
$w$,
$w$    select c.subject_id, c.main_id, k.org_id, k.profile_id, k.edge_m, k.missing,
           data.ground_m(s.geom, m.geom)::numeric as distance,
           data.joint_accuracy(m.accuracy_m, s.accuracy_m) as accuracy,
           m.accuracy_m is null or s.accuracy_m is null as capped,
           m.depth_top_m, st_dimension(s.geom) as dimension
    from candidate c
    join {{subjects}} s on s.id = c.subject_id
    join {{mains}} m on m.id = c.main_id
    join {{pieces}} k on k.main_id = c.main_id and k.no = 1
$w$),
    jsonb_build_array(
$w$with asked as materialized (
    -- most_m: farther, with all that is taken off a distance, than the row finds anything
    select q.*, case when r.measured_to = 'centre' or q.per_depth is not null then null
                     when r.plane = 'vertical' then 0 else q.limit_m end + 0.001::double precision as most_m
    from {{asked}} q join data.rule r on r.id = q.rule_id where q.rule_id = any ({{rules}})
), deepest$w$,
$w$with asked as materialized (
    select q.* from {{asked}} q where q.rule_id = any ({{rules}})
), deepest$w$)));

select data.patch('data.judging_template(text)', jsonb_build_array(
    jsonb_build_array(
$w$           joint.accuracy, m.accuracy_m is null or s.accuracy_m is null as capped,
           s.depth_top_m as own_depth_m, m.depth_top_m, s.geom as own, m.geom as other
    from reach r
    cross join candidate c
    join {{subjects}} s on s.id = c.subject_id
    join {{mains}} m on m.id = c.main_id
    join {{own_pieces}} o on o.main_id = c.subject_id and o.no = 1
    join {{pieces}} k on k.main_id = c.main_id and k.no = 1
    cross join lateral (select data.joint_accuracy(m.accuracy_m, s.accuracy_m) as accuracy) joint
), measured as materialized (
    -- Of two that are joined one is cut first, along it and shorter than the circle is wide: mostly it
    -- is far enough from the other then, and no circle is cut out of either.
    select p.*, data.ground_m(one.own, two.other)::numeric as distance, joint.ends is not null as joined
    from pair p
    cross join lateral (
        select st_collect(e.geom) as ends
        from (select d.geom from st_dump(st_boundary(p.own)) d where st_dwithin(d.geom, p.other, 0.5)
              union all
              select d.geom from st_dump(st_boundary(p.other)) d where st_dwithin(d.geom, p.own, 0.5)) e
        offset 0) joint
    cross join lateral (
        select case when joint.ends is null or st_numgeometries(p.own) > 1 then p.own
                    else st_collect(case when l.at > l.off then st_linesubstring(l.line, 0, l.at - l.off) end,
                                    case when l.at + l.off < 1 then st_linesubstring(l.line, l.at + l.off, 1) end)
                    end as own
        from (select st_geometryn(p.own, 1) as line, 2.4 / nullif(st_length(p.own), 0) as off,
                     st_linelocatepoint(st_geometryn(p.own, 1), st_geometryn(joint.ends, 1)) as at offset 0) l
        offset 0) left_over
    cross join lateral (
        select case when joint.ends is null then p.own
                    else st_difference(p.own, st_buffer(joint.ends, 3)) end as own
        where st_dwithin(left_over.own, p.other, p.reach_m)
        offset 0) one
    cross join lateral (
        select case when joint.ends is null then p.other
                    else st_difference(p.other, st_buffer(joint.ends, 3)) end as other
        where st_dwithin(one.own, p.other, p.reach_m)
        offset 0) two
    where st_dwithin(one.own, two.other, p.reach_m)
$w$,
$w$           data.joint_accuracy(m.accuracy_m, s.accuracy_m) as accuracy,
           m.accuracy_m is null or s.accuracy_m is null as capped,
           s.depth_top_m as own_depth_m, m.depth_top_m, s.geom as own, m.geom as other
    from candidate c
    join {{subjects}} s on s.id = c.subject_id
    join {{mains}} m on m.id = c.main_id
    join {{own_pieces}} o on o.main_id = c.subject_id and o.no = 1
    join {{pieces}} k on k.main_id = c.main_id and k.no = 1
), measured as materialized (
    select p.*, data.ground_m(apart.own, apart.other)::numeric as distance, joint.there as joined
    from pair p
    cross join lateral (
        select st_collect(e.geom) as ends, count(*) > 0 as there
        from (select d.geom from st_dump(st_boundary(p.own)) d where st_dwithin(d.geom, p.other, 0.5)
              union all
              select d.geom from st_dump(st_boundary(p.other)) d where st_dwithin(d.geom, p.own, 0.5)) e
        offset 0) joint
    cross join lateral (
        select case when joint.there then st_difference(p.own, st_buffer(joint.ends, 3)) else p.own end as own,
               case when joint.there then st_difference(p.other, st_buffer(joint.ends, 3)) else p.other end as other
        offset 0) apart
    where not st_isempty(apart.own) and not st_isempty(apart.other)
$w$),
    jsonb_build_array(
$w$    select r.limit_m + data.plane_m(o.edge_m + k.edge_m + joint.accuracy::double precision) as reach_m,
           c.subject_id, c.main_id, o.org_id as own_org$w$,
$w$    select c.subject_id, c.main_id, o.org_id as own_org$w$)));

select data.patch('data.candidates(text)', jsonb_build_array(
    jsonb_build_array(
$w$    cross join lateral (
        select q.main_id from {{pieces}} q
        where q.geom && st_expand(s.geom, w.limit_m
                + data.plane_m(w.edge_m + 2 + coalesce(s.accuracy_m, 1) + w.radius_m))
          and coalesce(q.accuracy_m, 1) <= 2
          -- as far as this main is asked about at most, and as surely as both are placed
          and st_dwithin(q.geom, s.geom, data.plane_m(w.radius_m + q.edge_m
                + sqrt(coalesce(s.accuracy_m, 1) ^ 2 + coalesce(q.accuracy_m, 1) ^ 2) + (
                    select max(greatest(a.limit_m, a.per_depth * d.m))::double precision
                    from {{asked}} a cross join deepest d
                    where a.profile_id = q.profile_id and a.rule_id = any ({{rules}}))))
        offset 0) p
    union
$w$,
$w$    cross join lateral (
        select q.main_id from {{pieces}} q
        where st_dwithin(q.geom, s.geom, w.limit_m
                + data.plane_m(w.edge_m + 2 + coalesce(s.accuracy_m, 1) + w.radius_m))
          and coalesce(q.accuracy_m, 1) <= 2
        offset 0) p
    union
$w$),
    jsonb_build_array(
$w$    cross join {{own_pieces}} a
    cross join lateral (
        select b.main_id from {{pieces}} b
        where b.geom && st_expand(a.geom, r.limit_m
                + data.plane_m(a.edge_m + w.edge_m + coalesce(a.accuracy_m, 1) + 2))
          and {{each_pair}} and coalesce(b.accuracy_m, 1) <= 2
          and st_dwithin(b.geom, a.geom, r.limit_m + data.plane_m(a.edge_m + b.edge_m
                + sqrt(coalesce(a.accuracy_m, 1) ^ 2 + coalesce(b.accuracy_m, 1) ^ 2)))
        offset 0) b
    union
$w$,
$w$    cross join {{own_pieces}} a
    cross join lateral (
        select q.main_id from {{pieces}} q
        where st_dwithin(q.geom, a.geom, r.limit_m
              + data.plane_m(a.edge_m + w.edge_m + coalesce(a.accuracy_m, 1) + 2))
          and coalesce(q.accuracy_m, 1) <= 2
        offset 0) b
    where {{each_pair}}
    union
$w$),
    jsonb_build_array(
$w$    -- whichever side has fewer that are asked about drives; lines never do, whose boxes are fat
    with pieces_drive as materialized (
        select {{lines}} or (select count(*) from (select from {{subjects}} s limit n.pieces + 1) few) > n.pieces as yes
        from (select count(*) as pieces from {{pieces}} p join reach r on r.profile_id = p.profile_id) n
    )
    select p.main_id, s.id as subject_id
    from widest w
    cross join {{pieces}} p
    join reach r on r.profile_id = p.profile_id
    cross join lateral (
        select f.id from {{subjects}} f
        where f.geom && st_expand(p.geom,
                r.limit_m + data.plane_m(p.edge_m + coalesce(p.accuracy_m, 1) + 2 + w.radius_m))
          and coalesce(f.accuracy_m, 1) <= 2
          and st_dwithin(f.geom, p.geom, r.limit_m + data.plane_m(p.edge_m + w.radius_m
                + sqrt(coalesce(p.accuracy_m, 1) ^ 2 + coalesce(f.accuracy_m, 1) ^ 2)))
        offset 0) s
    where (select yes from pieces_drive)
    union
    select p.main_id, s.id
    from widest w
    cross join {{subjects}} s
    cross join lateral (
        select q.main_id, q.profile_id, q.edge_m, q.accuracy_m, q.geom from {{pieces}} q
        where q.geom && st_expand(s.geom, w.limit_m
                + data.plane_m(w.edge_m + coalesce(s.accuracy_m, 1) + 2 + w.radius_m))
          and coalesce(q.accuracy_m, 1) <= 2
        offset 0) p
    join reach r on r.profile_id = p.profile_id
    where not (select yes from pieces_drive) and coalesce(s.accuracy_m, 1) <= 2
      and st_dwithin(p.geom, s.geom, r.limit_m + data.plane_m(p.edge_m + w.radius_m
            + sqrt(coalesce(p.accuracy_m, 1) ^ 2 + coalesce(s.accuracy_m, 1) ^ 2)))
    union
    select p.main_id, s.id
    from widest w
    cross join {{pieces}} p
    join reach r on r.profile_id = p.profile_id
    cross join lateral (
        select f.id from {{subjects}} f
        where st_dwithin(f.geom, p.geom,
                r.limit_m + data.plane_m(p.edge_m + p.accuracy_m + 2 + w.radius_m))
          and coalesce(f.accuracy_m, 1) <= 2
        offset 0) s
    where not (select yes from pieces_drive) and p.accuracy_m > 2
    union
$w$,
$w$    select p.main_id, s.id as subject_id
    from widest w
    cross join {{pieces}} p
    join reach r on r.profile_id = p.profile_id
    cross join lateral (
        select f.id from {{subjects}} f
        where f.geom && st_expand(p.geom,
                r.limit_m + data.plane_m(p.edge_m + coalesce(p.accuracy_m, 1) + 2 + w.radius_m))
          and coalesce(f.accuracy_m, 1) <= 2
          and st_dwithin(f.geom, p.geom, r.limit_m + data.plane_m(p.edge_m + w.radius_m
                + sqrt(coalesce(p.accuracy_m, 1) ^ 2 + coalesce(f.accuracy_m, 1) ^ 2)))
        offset 0) s
    union
$w$)));

select data.patch('data.statement(text, text, text, bigint[], text, text, text, text, text)', jsonb_build_array(
    jsonb_build_array(
$w$    -- a screen of all looks up the few that are near, and does not read layers whole for them; one of
    -- few subjects has them at hand
    said := regexp_replace(said, '{{subject of (\w)}}', case when statement.kind like '% again'
        then 'join {{subjects}} s on s.id = \1.subject_id'
        else 'cross join lateral (select f.* from {{subjects}} f where f.id = \1.subject_id offset 0) s' end, 'g');
    said := regexp_replace(said, '{{main of (\w)}}',
        'cross join lateral (select f.* from {{mains}} f where f.id = \1.main_id offset 0) m', 'g');
    said := replace(said, '{{lines}}', lines::text);
    said := replace(said, '{{judged}}', data.judging_template('judged'));
$w$,
$w$    said := replace(said, '{{judged}}', data.judging_template('judged'));
$w$)));
