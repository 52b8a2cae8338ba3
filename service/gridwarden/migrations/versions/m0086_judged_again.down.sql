drop view api.rule_proposal;
create or replace function data.put_in_force(p data.rule_proposal, why text) returns bigint
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    before constant text[] := array(select r.id::text from data.rule r where r.in_force order by r.id);
    job bigint;
begin
    if p.built_on <> data.rules_built_on(array(select jsonb_object_keys(p.built_on)
            union select p.pack union select p.normal #>> '{pack,extends}'
            union select p.instead_of)) then
        perform data.refuse('GW409', 'the rules that it was built on are no longer the newest: propose it again',
            'rules.sharing.stale', jsonb_build_object('proposal', p.id, 'pack', p.pack));
    end if;
    if p.act = 'withdraw' then
        perform data.refuse_extended(p.pack);
        perform data.withdraw_pack(p.pack);
        perform data.turn_rules();
        perform api.record('withdraw', 'rules', jsonb_build_object('pack', p.pack, 'version', p.version), 1);
    else
        if data.base_to_replace(p.normal -> 'pack', p.instead_of is not null)
                is distinct from p.instead_of then
            perform data.refuse('GW409', 'the rules that it was built on are no longer the newest: propose it again',
                'rules.sharing.stale', jsonb_build_object('proposal', p.id, 'pack', p.pack));
        end if;
        if p.instead_of is not null then
            perform data.refuse_later_base(p.normal -> 'pack');
            perform data.withdraw_pack(p.instead_of);
            perform api.record('withdraw', 'rules', jsonb_build_object('pack', p.instead_of), 1);
        end if;
        perform api.publish_rules(p.normal, p.document);
    end if;
    if before <> array(select r.id::text from data.rule r where r.in_force order by r.id) then
        job := api.queue_job('screen', p.id, 'screen');
    end if;
    perform data.decide(p, 'approved', why, job);
    return job;
end
$$;

alter table data.rule_proposal drop column judged_again;
create view api.rule_proposal as
    select id, act, pack, version, instead_of, document, built_on, changes, why, state,
           proposed_by, proposed_at, decided_by, decided_at, decided_why, job,
           (normal #>> '{pack,valid_from}')::date as valid_from, normal #> '{pack,title}' as title,
           state = 'waiting' and not api.one_hand(proposed_by, proposed_key_by, api.person(),
                                                  api.made_by()) as mine_to_decide,
           state = 'waiting' and api.same_person(proposed_by, api.person()) as mine_to_take_back,
           proposed_key_by, decided_key_by, alone, alone_why
    from data.rule_proposal;
grant select on api.rule_proposal to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_auditor;
