select data.patch('data.cut_mains()', jsonb_build_array(jsonb_build_array(
$w$        join data.main_profile p on p.key = data.profile_key(m.pressure_class, m.p_mop_mpa, m.material,
            m.dn, m.od_mm, m.wall_mm, m.network, m.area_class)
$w$,
$w$        cross join lateral data.profile_of(m) looks
        join data.main_profile p on p.key = looks.key
$w$)));
select data.patch('data.know_profiles(bigint[])', jsonb_build_array(jsonb_build_array(
$w$    with unknown as materialized (
        select min(a.id) as id
        from (select m.id, data.profile_key(m.pressure_class, m.p_mop_mpa, m.material, m.dn, m.od_mm,
                                            m.wall_mm, m.network, m.area_class) as key
              from data.gas_pipelines m
              where m.id = any (mains) and m.status is distinct from 'planned') a
        where not exists (select from data.main_profile p where p.key = a.key)
        group by a.key
    ), looks as (
        select p.* from unknown u join data.gas_pipelines m on m.id = u.id
        cross join lateral data.profile_of(m) p
    ), fresh as (
$w$,
$w$    with looks as (
        select distinct on (p.key) p.*
        from data.gas_pipelines m cross join lateral data.profile_of(m) p
        where m.id = any (mains) and m.status is distinct from 'planned'
        order by p.key
    ), fresh as (
$w$)));
select data.patch('data.profile_of(data.gas_pipelines)', jsonb_build_array(jsonb_build_array(
$w$        data.profile_key(m.pressure_class, m.p_mop_mpa, m.material, m.dn, m.od_mm, m.wall_mm, m.network,
            m.area_class),
$w$,
$w$        jsonb_build_array(m.pressure_class, round(m.p_mop_mpa::numeric, 6), m.material, m.dn, m.od_mm,
            m.wall_mm, m.network, m.area_class)::text,
$w$)));
drop function data.profile_key(text, double precision, text, double precision, double precision,
    double precision, text, text);
