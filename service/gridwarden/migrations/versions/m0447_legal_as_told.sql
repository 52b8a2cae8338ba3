-- What the caller may do to a case now, said once: for its page, its JSON and every refusal.

-- Whether the caller may not do this because they, or somebody of the organisation that rectifies, acted.
create function data.apart(t data.hazard_transition, c data.hazard_case) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select cardinality(t.apart_from) > 0
       and (coalesce(api.my_org(c.org_id), false) or (data.hand_in(c, t.apart_from)).id is not null)
$$;

-- Whether there is anything to decide: more time is given and refused to who asked for it.
create function data.asked_for(t data.hazard_transition, c data.hazard_case) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select t.act not in ('extend', 'refuse_extension')
        or c.due_at is not null and data.extension_asked(c.id) is not null
$$;

create function data.legal_now(c data.hazard_case) returns text[]
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select coalesce(array_agg(t.act order by t.act), '{}') from data.hazard_transition t
    where t.state = c.state and data.may_act(t, c) and data.asked_for(t, c) and not data.apart(t, c)
$$;

-- The same for a reader of the case.
create function api.legal_acts(case_id bigint) returns text[]
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select data.legal_now(c) from data.hazard_case c
    where c.id = legal_acts.case_id and exists (select from api.hazard_case v where v.id = c.id)
$$;

create or replace function api.barred_acts(case_id bigint) returns text[]
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select coalesce(array_agg(t.act order by t.act), '{}')
    from data.hazard_case c
    join data.hazard_transition t on t.state = c.state and cardinality(t.apart_from) > 0
    where c.id = barred_acts.case_id and exists (select from api.hazard_case v where v.id = c.id)
      and data.may_act(t, c) and data.asked_for(t, c) and data.apart(t, c)
$$;

select data.patch('data.legal_act(data.hazard_case, integer[], text, jsonb)', jsonb_build_array(
    jsonb_build_array($w$(select coalesce(jsonb_agg(x.act order by x.act), '[]')
                from data.hazard_transition x where x.state = c.state and data.may_act(x, c))$w$,
$w$to_jsonb(data.legal_now(c))$w$),
    jsonb_build_array($w$'did', coalesce(doer.act, '')));$w$,
$w$'did', coalesce(doer.act, ''), 'legal', data.legal_now(c)));$w$)));

revoke all on function data.apart(data.hazard_transition, data.hazard_case),
    data.asked_for(data.hazard_transition, data.hazard_case), data.legal_now(data.hazard_case),
    api.legal_acts(bigint) from public;
grant execute on function api.legal_acts(bigint) to gridwarden_utility, gridwarden_supervisor,
    gridwarden_planner, gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
