-- What an explanation of a finding needs of its main, for who may read the finding's evidence: the
-- view api.finding_exact says who that is, and here it is asked for the caller, not for the owner.

-- How the mains of a finding look to the rules, and where their outer diameter comes from.
create function api.finding_mains(finding_id bigint)
    returns table (side text, main_id bigint, class text, pressure_class text,
        p_mop_mpa double precision, material text, dn double precision, od_mm double precision,
        wall_mm double precision, network text, area_class text, edge_m double precision,
        od_from text, missing text[])
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select s.side, s.main_id, p.class, p.pressure_class, p.p_mop_mpa, p.material, p.dn, p.od_mm,
           p.wall_mm, p.network, p.area_class, p.edge_m,
           case when p.od_mm > 0 then 'stated'
                when exists (
                    select from data.rule_outer_diameter d
                    join data.rule_pack k on k.id = d.pack and k.version = d.version and k.in_force
                    where d.material = lower(p.material) and d.dn = p.dn::numeric) then 'table'
                when p.dn > 0 then 'nominal' else 'assumed' end,
           p.missing
    from api.finding_exact e
    join data.finding f on f.id = e.finding_id
    cross join lateral (values
        ('subject', case when f.layer = 'gas_pipelines' then f.subject_id end),
        ('counterpart', case when e.counterpart_layer = 'gas_pipelines' then e.counterpart_id end)
    ) s(side, main_id)
    join data.main_piece c on c.main_id = s.main_id and c.no = 1
    join data.main_profile p on p.id = c.profile_id
    where e.finding_id = finding_mains.finding_id
$$;

-- What each rule in force, of every pack, asks of the finding's main for its family and subject;
-- rules whose conditions the subject does not meet are left out. `capped`: the records do not tell
-- which row fits, or whether a condition is met; `missing` names what they lack.
create function api.finding_bands(finding_id bigint)
    returns table (rule_id bigint, row_id bigint, method text, limit_m numeric, over_m numeric,
        severity text, verdict text, capped boolean, missing text[])
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    f data.finding;
    rules bigint[];
    work text;
    depth text;
begin
    select x.* into f from data.finding x
        join api.finding_exact e on e.finding_id = x.id
        where x.id = finding_bands.finding_id and x.main_id is not null;
    if f.id is null then
        return;
    end if;
    rules := array(select r.id from data.rule r
                   where r.in_force and r.family = f.family and f.layer = any (r.subjects)
                     and r.counterpart = 'gas_pipelines' and not r.test ? 'location');
    work := case when data.has_column(f.layer, 'method') then 's.method' else 'null::text' end;
    depth := case when data.has_column(f.layer, 'depth_m') then 's.depth_m::numeric'
                  else 'null::numeric' end;
    return query execute format($q$
        select distinct on (q.rule_id, q.method, q.depth_over_m) q.rule_id, q.row_id, q.method,
               greatest(q.limit_m, q.per_depth * %3$s), q.over_m, q.severity, q.verdict,
               q.capped or fits.holds is null or q.method is not null and %4$s is null,
               q.missing || case when fits.holds is null then %2$s else '{}' end
                   || case when q.method is not null and %4$s is null then array['method']
                           else '{}' end
        from data.%5$I s
        join data.main_piece c on c.no = 1
            and c.main_id in ($2, case when %5$L = 'gas_pipelines' then s.id end)
        join data.main_rule q on q.profile_id = c.profile_id and q.rule_id = any ($3)
        join data.rule r on r.id = q.rule_id
        cross join lateral (select %1$s as holds) fits
        where s.id = $1 and fits.holds is distinct from false
          and (q.method is null or %4$s is null or q.method = %4$s)
          and (q.depth_over_m is null or %3$s is null or %3$s > q.depth_over_m)
          and (q.depth_upto_m is null or %3$s <= q.depth_upto_m)
        order by q.rule_id, q.method, q.depth_over_m, q.limit_m desc$q$,
        data.by_rule_sql(rules, 'where', 's', 'true'),
        data.by_rule_sql(rules, 'missing', 's', '''{}''::text[]'), depth, work, f.layer)
        using f.subject_id, f.main_id, rules;
end
$$;

revoke all on function api.finding_mains(bigint), api.finding_bands(bigint) from public;
grant execute on function api.finding_mains(bigint), api.finding_bands(bigint) to
    gridwarden_utility, gridwarden_supervisor;
