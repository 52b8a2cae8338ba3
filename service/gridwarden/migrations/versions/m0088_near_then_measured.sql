-- Two mains near each other are told apart first, then measured. Once the tables had been analysed,
-- the planner looked for the joints of every main with every other before it asked which are near:
-- 40 s for 963 mains, 0.1 s so. What the two profiles ask is joined by a hash, not pair by pair.
do $patch$
declare
    template text := pg_get_functiondef('data.judging_template(text)'::regprocedure);
    step record;
begin
    for step in select * from (values
($was$), measured as materialized (
    select c.subject_id, c.main_id, o.org_id as own_org, k.org_id, o.profile_id as own_profile,
           k.profile_id, o.edge_m as own_edge_m, k.edge_m, o.missing || k.missing as missing,
           data.ground_m(apart.own, apart.other)::numeric as distance, joint.there as joined,
           o.pressure_class = k.pressure_class and o.org_id is not distinct from k.org_id
               and s.operator is not distinct from m.operator as one_network,
           data.joint_accuracy(m.accuracy_m, s.accuracy_m) as accuracy,
           m.accuracy_m is null or s.accuracy_m is null as capped,
           s.depth_top_m as own_depth_m, m.depth_top_m
    from candidate c
    join {{subjects}} s on s.id = c.subject_id
    join {{mains}} m on m.id = c.main_id
    join {{own_pieces}} o on o.main_id = c.subject_id and o.no = 1
    join {{pieces}} k on k.main_id = c.main_id and k.no = 1
    cross join lateral (
        select st_collect(e.geom) as ends, count(*) > 0 as there
        from (select d.geom from st_dump(st_boundary(s.geom)) d where st_dwithin(d.geom, m.geom, 0.5)
              union all
              select d.geom from st_dump(st_boundary(m.geom)) d where st_dwithin(d.geom, s.geom, 0.5)) e
        offset 0) joint
    cross join lateral (
        select case when joint.there then st_difference(s.geom, st_buffer(joint.ends, 3)) else s.geom end as own,
               case when joint.there then st_difference(m.geom, st_buffer(joint.ends, 3)) else m.geom end as other
        offset 0) apart
$was$,
$now$), pair as materialized (
    select c.subject_id, c.main_id, o.org_id as own_org, k.org_id, o.profile_id as own_profile,
           k.profile_id, o.edge_m as own_edge_m, k.edge_m, o.missing || k.missing as missing,
           o.pressure_class = k.pressure_class and o.org_id is not distinct from k.org_id
               and s.operator is not distinct from m.operator as one_network,
           data.joint_accuracy(m.accuracy_m, s.accuracy_m) as accuracy,
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
$now$),
($was$    join asked q on q.profile_id in (d.profile_id, d.own_profile)
$was$,
$now$    cross join lateral (values (d.own_profile), (d.profile_id)) either(profile_id)
    join asked q on q.profile_id = either.profile_id
$now$)
    ) t(was, becomes) loop
        if position(step.was in template) = 0 then
            raise exception 'the template of mains beside mains is not the one that this changes';
        end if;
        template := replace(template, step.was, step.becomes);
    end loop;
    execute template;
end
$patch$;
