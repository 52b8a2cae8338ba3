-- A rule may measure to the centre of a feature, which need not lie in it: a crescent's lies in its hollow.
-- Who is near is looked for by shapes: the search goes on as far as any centre lies outside its shape.

-- What is added to a reach (m) for that, of a relation and as SQL; nothing where no rule measures so.
create function data.off_centre_sql(relation text, rule_ids bigint[]) returns text
    language sql stable as
$$
    select case when exists (select from data.rule r where r.id = any (rule_ids) and r.measured_to = 'centre')
        then format('+ (select coalesce(max(st_distance(o.geom, st_centroid(o.geom))), 0) from %s o'
                    ' where st_distance(o.geom, st_centroid(o.geom)) > 0)', relation)
        else '' end
$$;
-- Of the layer that shipped rules measure so, without a look at all its points.
create index street_objects_off_centre on data.street_objects ((st_distance(geom, st_centroid(geom))))
    where st_distance(geom, st_centroid(geom)) > 0;

select data.patch('data.statement(text, text, text, bigint[], text, text, text, text, text)', jsonb_build_array(
    jsonb_build_array(
$w$    said := replace(said, '{{radius}}',$w$,
$w$    said := replace(said, '{{off_centre}}',
        data.off_centre_sql(coalesce(subjects, format('data.%I', statement.layer)), rule_ids));
    said := replace(said, '{{radius}}',$w$)));
select data.patch('data.template_beside_mains(text)', jsonb_build_array(
    jsonb_build_array(
$w$           {{radius}} + (select coalesce(max({{edge}}), 0) from {{subjects}} s) as radius_m$w$,
$w$           {{radius}} + (select coalesce(max({{edge}}), 0) from {{subjects}} s) {{off_centre}} as radius_m$w$)));
select data.patch('data.judging_template(text)', jsonb_build_array(
    jsonb_build_array(
$w$+ 2 * data.point_radius()) as limit_m from rows w$w$,
$w$+ 2 * data.point_radius() {{off_centre}}) as limit_m from rows w$w$)));
select data.patch('data.reach_sql(text, text, bigint[])', jsonb_build_array(
    jsonb_build_array(
$w$           + 2 * data.point_radius() as m
    from data.main_piece k$w$,
$w$           + 2 * data.point_radius() %s as m
    from data.main_piece k$w$),
    jsonb_build_array(
$w$                 else '' end, rule_ids)
        when kind = 'mains'$w$,
$w$                 else '' end, data.off_centre_sql(format('data.%I', layer), rule_ids), rule_ids)
        when kind = 'mains'$w$),
    jsonb_build_array(
$w$cross join (select %s + 2 * data.point_radius() as m offset 0) reach$q$$w$,
$w$cross join (select %s + 2 * data.point_radius() %s as m offset 0) reach$q$$w$),
    jsonb_build_array(
$w$where w.rule_id = any (rule_ids)) end, 0)) end$w$,
$w$where w.rule_id = any (rule_ids)) end, 0),
            data.off_centre_sql(format('data.%I', layer), rule_ids)) end$w$)));
select data.patch('api.what_if(text, jsonb, bigint)', jsonb_build_array(
    jsonb_build_array(
$w$            execute format('select coalesce(max(t.accuracy_m), 0) from data.%I t', one.layer) into coarse_m;$w$,
$w$            execute format('select coalesce(max(t.accuracy_m), 0) %s from data.%I t',
                data.off_centre_sql(format('data.%I', one.layer), one.rule_ids), one.layer) into coarse_m;$w$),
    jsonb_build_array(
$w$using proposal, data.plane_m(near_m + coarse_m), look$w$,
$w$using proposal, data.plane_m(near_m + coarse_m
                + case when main then 0 else st_distance(ground, st_centroid(ground)) end), look$w$)));

revoke all on function data.off_centre_sql(text, bigint[]) from public;
grant execute on function data.off_centre_sql(text, bigint[]) to gridwarden_screen;
