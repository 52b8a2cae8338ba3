-- What a screening would find for a feature that is only proposed: the compiled statements, with the
-- proposal in the place of a layer (or of the mains). No feature and no finding comes of it; that it
-- was asked, and about which place, is kept.
--
-- Invariants (tests/screening/test_what_if.py): of a main that the caller may not read, the answer
-- holds operator and distance band and nothing that a rule says, because a grade that changes where
-- a range ends would place it; the bands are the same for every rule and for none.

---------------------------------------------------------------------------- what was asked
-- Where one asked tells what one could learn: many questions around one spot feel out a main of
-- another company. Not in the audit, because a proposed main is a main, and auditors read no mains.
create table data.what_if_asked (
    id bigint generated always as identity primary key,
    asked_at timestamptz not null,
    role text not null,
    person text,
    layer text not null,
    replaces bigint,
    place geometry(Geometry, {srid}) not null,
    properties jsonb not null,
    verdict text,
    found integer not null,
    others jsonb not null,
    rules text[] not null,
    snapshot pg_snapshot not null default pg_current_snapshot()
);
comment on table data.what_if_asked is
    'Each what-if: the proposed place and record, how much was found and whose other mains were told '
    'of. It tells where mains are: no role reads it.';

create trigger what_if_asked_stays before update or delete or truncate on data.what_if_asked
    for each statement execute function data.audit_stays();

---------------------------------------------------------------------------- the statements
-- One statement of data.statements() about a proposal, as one JSON array of findings. Parameters:
-- $1 the proposed record, $2 how far to look (metres of the plane), $3 the proposed main's profile, $4 the id of
-- the feature that it replaces, $5 whose main it is.
-- A proposal that replaces a feature carries its id, so that a rule within one layer passes it over;
-- a proposed main carries an id beyond all others, so that pairs of mains name it second.
create function data.what_if_statement(proposed text, kind text, family text, layer text, rule_ids bigint[])
    returns text
    language plpgsql stable as
$$
declare
    main constant boolean := proposed = 'gas_pipelines';
    beside constant boolean := main and kind = 'pairs';
    mains constant boolean := kind = 'mains';
    judged text;
begin
    judged := data.statement(kind, family, layer, rule_ids,
        case when beside then 'near_subject' when mains then 'own_main' else 'proposed' end,
        case when main then 'proposed' else 'data.gas_pipelines' end,
        case when main then 'proposed_piece' else 'near_piece' end,
        case when mains then 'asked_of_both' when main then 'proposed_rule' else 'data.main_rule' end,
        'near_piece');
    return format($q$
        with proposed as materialized (
            select p.* from jsonb_populate_record(null::data.%1$I, $1) p
        ), near_piece as materialized (
            select q.* from data.main_piece q
            where q.main_id in (select n.main_id from data.main_piece n cross join proposed p
                                where st_dwithin(n.geom, p.geom, $2))
              and (not %4$L or q.org_id = $5 and q.main_id is distinct from $4)
        ), near_subject as materialized (
            select s.* from data.%2$I s cross join proposed p where st_dwithin(s.geom, p.geom, $2)
        ), own_main as (
            select m.* from data.gas_pipelines m where m.id in (select n.main_id from near_piece n)
        ), proposed_piece as materialized (
            %7$s
        ), proposed_rule as materialized (
            %8$s
        ), asked_of_both as materialized (
            select q.* from data.main_rule q where q.profile_id in (select n.profile_id from near_piece n)
            union all select q.* from proposed_rule q
        )
        select jsonb_agg((to_jsonb(f) - array['geom', 'x', 'y', 'district_id', 'org_id'])
            || jsonb_build_object(
               'kind', r.kind, 'rule_certainty', r.certainty, 'source', r.source, 'level', p.level, 'pack_title', p.title, 'text', r.text,
               'heuristic', r.heuristic, 'note', w.note, 'measures', r.measures,
               'measured_from', r.measured_from, 'measured_to', r.measured_to, 'plane', r.plane,
               -- a distance of 0 does not tell how far the one reaches into the other
               'touching', coalesce(f.pressed_length_m > 0 or st_length(f.geom) = 0, false),
               'bands', (select coalesce(jsonb_agg(to_jsonb(b)), '[]') from (%5$s) b)))
        from (%3$s) f
        join data.rule r on r.pack = f.pack and r.version = f.pack_version and r.rule = f.rule
        join data.rule_pack p on p.id = r.pack and p.version = r.version
        left join data.rule_row w on w.id = f.row_id
        where %6$s
        $q$, proposed, layer, judged, main,
        data.bands_sql(kind, layer, rule_ids,
            case when beside then 'near_subject' when mains then 'own_main' else 'proposed' end,
            '(select * from near_piece union all select * from proposed_piece)', 'asked_of_both'),
        -- what is measured from a main is told to who may read that main
        case when kind = 'mains' then 'exists (select from api.gas_pipelines g where g.id = f.subject_id)'
             when main then 'true'
             else 'f.main_id is null or exists (select from api.gas_pipelines g where g.id = f.main_id)' end,
        case when main then 'select c.* from jsonb_populate_record(null::data.gas_pipelines, $1) m '
                            'cross join lateral data.pieces_of(m, $3::data.main_profile) c'
             else 'select c.* from data.main_piece c where false' end,
        case when main then 'select q.* from data.rules_for($3::data.main_profile) q'
             else 'select q.* from data.main_rule q where false' end);
end
$$;

---------------------------------------------------------------------------- what is around
-- A feature as its reader may name it; null where that is none of the caller's.
create function data.what_if_feature(layer text, id bigint) returns jsonb
    language plpgsql stable as
$$
declare
    named jsonb;
begin
    if layer is null or id is null
       or not has_table_privilege('gridwarden_' || api.role(), format('api.%I', layer), 'select') then
        return null;
    end if;
    execute format('select jsonb_build_object(''layer'', %L, ''id'', t.id, ''code'', t.code, ''name'', t.name)'
                   ' || case when to_jsonb(t) ? ''operator'' then jsonb_build_object(''operator'', '
                   'to_jsonb(t) -> ''operator'') else ''{}'' end from api.%I t where t.id = $1', layer, layer)
        into named using id;
    return named;
end
$$;

-- Mains within 50 m that are not the caller's to read: whose, in which band, and whom to ask. The
-- bands are drawn by distance alone, never by what a rule asks.
create function data.what_if_others(ground geometry, wide double precision) returns jsonb
    language plpgsql stable as
$$
begin
    return (
    with near as (
        select distinct p.main_id, p.edge_m from data.main_piece p
        where st_dwithin(p.geom, ground, data.plane_m(50 + wide + (select max(w.edge_m) from data.main_piece w)))
          and not exists (select from api.gas_pipelines g where g.id = p.main_id)
    ), away as (
        select coalesce(m.operator, o.name) as operator, o.phone, o.duty_phone,
               round((data.ground_m(m.geom, ground) - n.edge_m - wide)::numeric, 4) as gap
        from near n join data.gas_pipelines m on m.id = n.main_id
        left join data.organisations o on o.id = m.org_id
    )
    select coalesce(jsonb_agg(to_jsonb(b) order by b.distance_band, b.operator), '[]')
    from (select distinct operator, data.distance_band(gap) as distance_band, phone, duty_phone
          from away where gap <= 50) b);
end
$$;

-- Findings of today that would end: those of the feature that is replaced, as the caller may see
-- them, that the proposal would not have with the same neighbour.
create function data.what_if_ends(proposed text, replaced bigint, judged jsonb) returns jsonb
    language plpgsql stable as
$$
begin
    return (
    select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'family', f.family, 'layer', f.layer,
               'severity', f.severity, 'certainty', f.certainty, 'distance_band', f.distance_band,
               'rule', e.rule, 'clause', e.clause, 'edition', e.edition, 'verified', e.verified,
               'distance_m', e.distance_m, 'required_m', e.required_m,
               'counterpart', case when e.rule is not null then case when d.main_id = replaced
                   then data.what_if_feature(d.layer, d.subject_id)
                   else data.what_if_feature(e.counterpart_layer, e.counterpart_id) end end)
           order by data.severity_rank(f.severity) desc, f.id), '[]')
    from data.finding d
    join api.finding f on f.id = d.id
    left join api.finding_exact e on e.finding_id = d.id
    where (d.layer = proposed and d.subject_id = replaced
           or proposed = 'gas_pipelines' and d.main_id = replaced)
      and not exists (
        select from jsonb_to_recordset(judged) as n(family text, layer text, subject_id bigint, main_id bigint)
        where n.family = d.family and n.layer = d.layer
          and case when proposed <> 'gas_pipelines' then n.main_id is not distinct from d.main_id
                   when d.layer <> 'gas_pipelines' then n.subject_id = d.subject_id
                   else case when n.subject_id = n.main_id or n.main_id is null then 0 else n.subject_id end
                        = case when d.main_id is null or d.subject_id = d.main_id then 0
                               when d.main_id = replaced then d.subject_id else d.main_id end end));
end
$$;

---------------------------------------------------------------------------- the door
-- `feature`: geometry (GeoJSON in the working CRS) and properties (the layer's columns, checked by
-- the caller), as one that might come to be. Reads every layer and all mains for the role that is
-- set; a supervisor's look is recorded, and every question is kept with its place.
create function api.what_if(layer text, feature jsonb, replaces bigint default null) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    main constant boolean := what_if.layer = 'gas_pipelines';
    ground constant geometry := st_setsrid(st_geomfromgeojson(feature -> 'geometry'), data.working_srid());
    properties constant jsonb := feature -> 'properties';
    radius_m constant double precision := case when st_dimension(ground) = 0 then data.point_radius() else 0 end;
    accuracy_m constant double precision := coalesce((properties ->> 'accuracy_m')::double precision, 1);
    org bigint;
    proposal jsonb;
    look data.main_profile;
    rules bigint[];
    near_m double precision;
    coarse_m double precision;
    one record;
    part jsonb;
    judged jsonb := '[]';
    verdict jsonb;
    near jsonb;
    packs text[];
    number bigint;
begin
    if st_isempty(ground) or not st_isvalid(ground) or geometrytype(ground) = 'GEOMETRYCOLLECTION'
       or st_npoints(ground) > 2000 or st_area(ground) > 1.01e6 then
        raise exception 'the feature is not one that can be asked about' using errcode = '22023';
    end if;
    if api.role() = 'supervisor' then
        perform api.look('what if ' || what_if.layer);
    end if;
    if replaces is not null and data.what_if_feature(what_if.layer, replaces) is null then
        raise exception 'no such feature' using errcode = 'GW404';
    end if;
    if main then
        select o.id into org from data.organisations o
            where (o.id = any (api.my_orgs()) or api.role() = 'supervisor'
                   and (o.name = properties ->> 'operator'
                        or o.id = (select m.org_id from data.gas_pipelines m where m.id = replaces)))
            order by o.name is not distinct from properties ->> 'operator' desc, o.id limit 1;
    end if;
    proposal := properties || jsonb_build_object('geom', ground::text, 'extra', '{}'::jsonb, 'org_id', org,
        'id', case when main then 4611686018427387904 else coalesce(replaces, 0) end);

    if main then
        look := data.profile_of(jsonb_populate_record(null::data.gas_pipelines, proposal));
        look.id := -1;
        select max(greatest(q.limit_m, q.per_depth * (select max(e.depth_m) from data.excavations e)::numeric))
            into near_m from data.rules_for(look) q;
    else
        rules := array(select r.id from data.rule r where r.in_force and what_if.layer = any (r.subjects));
        select max(greatest(q.limit_m, q.per_depth * (properties ->> 'depth_m')::numeric))
            into near_m from data.main_rule q where q.rule_id = any (rules);
    end if;
    near_m := (coalesce(near_m, 0) + accuracy_m + radius_m + coalesce(look.edge_m, 0) + 6
        + coalesce((properties ->> 'od_mm')::double precision, (properties ->> 'dn')::double precision, 0) / 1000
        + coalesce((select max(w.edge_m + coalesce(w.accuracy_m, 1)) from data.main_piece w), 0));

    for one in
        select s.name, s.family, s.layer, s.kind, s.rule_ids from data.statements() s
        where s.layer = what_if.layer or main and s.kind = 'pairs'
    loop
        coarse_m := 0;
        if main and one.kind = 'pairs' then
            execute format('select coalesce(max(t.accuracy_m), 0) from data.%I t', one.layer) into coarse_m;
        end if;
        execute data.what_if_statement(what_if.layer, one.kind, one.family, one.layer, one.rule_ids)
            into part using proposal, data.plane_m(near_m + coarse_m), look, replaces, org;
        judged := judged || coalesce(part, '[]');
    end loop;
    -- as a screen does: of what several statements found of one subject and main, the strongest stays
    select coalesce(jsonb_agg(s.v), '[]') into judged
        from (select distinct on (v ->> 'family', v ->> 'layer', v ->> 'subject_id', v ->> 'main_id') v
              from jsonb_array_elements(judged) j(v)
              order by v ->> 'family', v ->> 'layer', v ->> 'subject_id', v ->> 'main_id',
                       (v ->> 'strength')::integer desc, data.severity_rank(v ->> 'severity') desc,
                       (v ->> 'margin_m')::numeric nulls last, v ->> 'pack', v ->> 'rule') s;
    if what_if.layer = 'excavations' and properties ->> 'method' is not null then
        select jsonb_build_object('verdict', j.verdict, 'coverage', j.records ->> 'coverage',
                   'mains', data.permit_mains(j.hits), 'rules', j.rules, 'doubts', j.doubts)
            into verdict
            from data.permit_judged(ground, radius_m,
                coalesce((properties ->> 'accuracy_m')::double precision, 0),
                properties ->> 'method', (properties ->> 'depth_m')::numeric) j;
    end if;
    near := data.what_if_others(ground, radius_m + coalesce(look.edge_m, 0));
    packs := array(select p.id || '@' || p.version from data.rule_pack p where p.in_force order by 1);
    insert into data.what_if_asked (asked_at, role, person, layer, replaces, place, properties, verdict,
            found, others, rules)
        values (clock_timestamp(), api.role(), api.person(), what_if.layer, what_if.replaces, ground,
            properties, verdict ->> 'verdict', jsonb_array_length(judged), near, packs)
        returning id into number;
    perform api.record('what-if', what_if.layer, jsonb_strip_nulls(jsonb_build_object('asked', number,
        'replaces', replaces, 'verdict', verdict ->> 'verdict')), jsonb_array_length(judged));
    return jsonb_build_object('layer', what_if.layer, 'replaces', replaces,
        'findings', (select coalesce(jsonb_agg(f.v || jsonb_build_object('counterpart',
                case when main and f.v ->> 'layer' <> 'gas_pipelines' or f.v ->> 'main_id' = proposal ->> 'id'
                          and f.v ->> 'subject_id' <> proposal ->> 'id'
                     then data.what_if_feature(f.v ->> 'layer', (f.v ->> 'subject_id')::bigint)
                     else data.what_if_feature(f.v ->> 'counterpart_layer', (f.v ->> 'counterpart_id')::bigint)
                end)), '[]')
            from (select x.v from jsonb_array_elements(judged) x(v)
                  order by data.severity_rank(x.v ->> 'severity') desc, x.v ->> 'certainty',
                           (x.v ->> 'margin_m')::numeric nulls last, x.v ->> 'family', x.v ->> 'main_id'
                  limit 500) f),
        'found', jsonb_array_length(judged),
        'ends', case when replaces is not null
            then data.what_if_ends(what_if.layer, replaces, judged) else '[]' end,
        'others', near,
        'dig', verdict,
        'rules', packs,
        'asked_at', clock_timestamp());
end
$$;

revoke all on function data.what_if_statement(text, text, text, text, bigint[]),
    data.what_if_feature(text, bigint),
    data.what_if_others(geometry, double precision),
    data.what_if_ends(text, bigint, jsonb), api.what_if(text, jsonb, bigint) from public;
grant execute on function api.what_if(text, jsonb, bigint) to gridwarden_utility, gridwarden_supervisor;
