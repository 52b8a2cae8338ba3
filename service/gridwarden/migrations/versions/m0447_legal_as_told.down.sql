select data.patch('data.legal_act(data.hazard_case, integer[], text, jsonb)', jsonb_build_array(
    jsonb_build_array($w$'did', coalesce(doer.act, ''), 'legal', data.legal_now(c)));$w$,
$w$'did', coalesce(doer.act, '')));$w$),
    jsonb_build_array($w$to_jsonb(data.legal_now(c))$w$,
$w$(select coalesce(jsonb_agg(x.act order by x.act), '[]')
                from data.hazard_transition x where x.state = c.state and data.may_act(x, c))$w$)));

create or replace function api.barred_acts(case_id bigint) returns text[]
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select coalesce(array_agg(t.act order by t.act), '{}')
    from data.hazard_case c
    join data.hazard_transition t on t.state = c.state and cardinality(t.apart_from) > 0
    where c.id = barred_acts.case_id and exists (select from api.hazard_case v where v.id = c.id)
      and (api.my_org(c.org_id) or (data.hand_in(c, t.apart_from)).id is not null)
$$;
drop function api.legal_acts(bigint), data.legal_now(data.hazard_case),
    data.asked_for(data.hazard_transition, data.hazard_case),
    data.apart(data.hazard_transition, data.hazard_case);
