select data.patch('data.what_if_others(geometry,double precision)', jsonb_build_array(
    jsonb_build_array($w$data.plane_m(50 + wide + 2 * data.veil_m() + ($w$, $w$data.plane_m(50 + wide + ($w$),
    jsonb_build_array(
$w$round((greatest(data.ground_m(data.veiled(m.geom, m.id), ground) - data.veil_m(), 0)
                      - n.edge_m - wide)::numeric, 4) as gap$w$,
$w$round((data.ground_m(m.geom, ground) - n.edge_m - wide)::numeric, 4) as gap$w$)));

select data.patch('data.permit_hits(geometry,double precision,double precision,text,numeric,double precision)',
    jsonb_build_array(
    jsonb_build_array(
$w$        cross join lateral (select data.reads_main(m.org_id, m.geom) offset 0) r(own)
        cross join lateral (select case when r.own then m.geom else data.veiled(m.geom, m.id) end,
                                   case when r.own then 0 else data.veil_m() end offset 0) v(geom, nearer)
        cross join lateral (select case when st_dwithin(v.geom, ground, data.plane_m(wide + n.edge_m + v.nearer
            + (n.accuracy + coalesce(look.range_m, reach::numeric))::double precision))
            then greatest(data.ground_m(v.geom, ground) - v.nearer, 0) end offset 0) d(m)
$w$,
$w$        cross join lateral (select case when st_dwithin(m.geom, ground, data.plane_m(wide + n.edge_m
            + (n.accuracy + coalesce(look.range_m, reach::numeric))::double precision))
            then data.ground_m(m.geom, ground) end offset 0) d(m)
$w$),
    jsonb_build_array($w$n.accuracy_m, n.edge_m, v.geom,$w$, $w$n.accuracy_m, n.edge_m, m.geom,$w$),
    jsonb_build_array(
$w$data.plane_m(wide + read_m + reach + 2 * data.veil_m()
            + (select max($w$,
$w$data.plane_m(wide + read_m + reach
            + (select max($w$)));
drop function data.reads_main(bigint, geometry), data.veiled(geometry, bigint), data.veil_m();
drop table data.veil_dice;
