-- Mains share a few hundred profiles: how one looks is worked out once for each, not for each main of
-- an import twice. Which profile a main has is told by its key, which costs next to nothing.
create function data.profile_key(pressure_class text, p_mop_mpa double precision, material text,
        dn double precision, od_mm double precision, wall_mm double precision, network text, area_class text)
    returns text language sql stable parallel safe as
$$ select jsonb_build_array(pressure_class, round(p_mop_mpa::numeric, 6), material, dn, od_mm, wall_mm,
                            network, area_class)::text $$;
comment on function data.profile_key(text, double precision, text, double precision, double precision,
        double precision, text, text) is
    'What data.main_profile knows a main by: all that rules look at.';

select data.patch('data.profile_of(data.gas_pipelines)', jsonb_build_array(jsonb_build_array(
$w$        jsonb_build_array(m.pressure_class, round(m.p_mop_mpa::numeric, 6), m.material, m.dn, m.od_mm,
            m.wall_mm, m.network, m.area_class)::text,
$w$,
$w$        data.profile_key(m.pressure_class, m.p_mop_mpa, m.material, m.dn, m.od_mm, m.wall_mm, m.network,
            m.area_class),
$w$)));

select data.patch('data.know_profiles(bigint[])', jsonb_build_array(jsonb_build_array(
$w$    with looks as (
        select distinct on (p.key) p.*
        from data.gas_pipelines m cross join lateral data.profile_of(m) p
        where m.id = any (mains) and m.status is distinct from 'planned'
        order by p.key
    ), fresh as (
$w$,
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
$w$)));

select data.patch('data.cut_mains()', jsonb_build_array(jsonb_build_array(
$w$        cross join lateral data.profile_of(m) looks
        join data.main_profile p on p.key = looks.key
$w$,
$w$        join data.main_profile p on p.key = data.profile_key(m.pressure_class, m.p_mop_mpa, m.material,
            m.dn, m.od_mm, m.wall_mm, m.network, m.area_class)
$w$)));

revoke all on function data.profile_key(text, double precision, text, double precision, double precision,
    double precision, text, text) from public;
