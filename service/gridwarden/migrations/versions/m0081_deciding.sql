-- The second person: approves, rejects; whoever proposed may take it back. An approved proposal is
-- published (or its pack withdrawn) in the same transaction, and a screening is queued.

-- The proposal, its row held; refuses one that is not there, or decided.
create function data.waiting_proposal(proposal bigint) returns data.rule_proposal
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
declare
    p data.rule_proposal;
begin
    perform pg_advisory_xact_lock(hashtext('gridwarden rules'));
    select q.* into p from data.rule_proposal q where q.id = proposal for update;
    if p.id is null then
        perform data.refuse('GW404', 'there is no such proposal', 'rules.sharing.no_proposal',
            jsonb_build_object('proposal', proposal));
    end if;
    if p.state <> 'waiting' then
        perform data.refuse('GW409', 'this proposal is decided', 'rules.sharing.decided',
            jsonb_build_object('proposal', p.id, 'state', p.state, 'person', p.decided_by));
    end if;
    return p;
end
$$;

create function data.decide(p data.rule_proposal, state text, why text, job bigint default null)
    returns void language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
begin
    update data.rule_proposal q
        set state = decide.state, decided_by = coalesce(api.person(), session_user),
            decided_at = clock_timestamp(), decided_why = coalesce(btrim(decide.why), ''), job = decide.job,
            decided_key_by = api.made_by()
        where q.id = p.id;
    perform api.record(case decide.state when 'approved' then 'approve' when 'rejected' then 'reject'
                           else 'take back' end, 'rules',
        jsonb_build_object('proposal', p.id, 'pack', p.pack, 'version', p.version,
            'proposed_by', p.proposed_by, 'proposed_key_by', p.proposed_key_by,
            'decided_key_by', api.made_by(), 'withdraw', p.act = 'withdraw'), 1);
end
$$;

-- What has been published of a pack is in force no more; nothing of it goes.
create function data.withdraw_pack(pack text) returns void
    language sql volatile set search_path = pg_catalog, pg_temp as
$$
    update data.rule_pack p set withdrawn_at = clock_timestamp()
    where p.id = withdraw_pack.pack and p.withdrawn_at is null
$$;

-- What a proposal asks for comes about. Returns the screening's job, null where none is needed yet:
-- the day from which a version holds may still be to come. Whoever calls it has seen who decides.
create function data.put_in_force(p data.rule_proposal, why text) returns bigint
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

-- The second person: neither the proposer himself, nor one of them with a key that the other made.
-- Returns the screening's job, or null.
create function api.approve_rules(proposal bigint, why text default '') returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    p constant data.rule_proposal := data.waiting_proposal(proposal);
begin
    if api.same_person(p.proposed_by, api.person()) then
        perform data.refuse('GW409', 'somebody else than the proposer approves',
            'rules.sharing.same_person', jsonb_build_object('proposal', p.id, 'person', p.proposed_by));
    end if;
    if api.one_hand(p.proposed_by, p.proposed_key_by, api.person(), api.made_by()) then
        perform data.refuse('GW409', 'one of proposer and approver made the key of the other',
            'rules.sharing.one_hand', jsonb_build_object('proposal', p.id, 'person', p.proposed_by));
    end if;
    return data.put_in_force(p, why);
end
$$;

-- Where there is one person only: for the database's owner, that is on the machine itself, and never
-- without a reason that everybody reads.
create function api.approve_rules_alone(proposal bigint, why text, reason text) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    p constant data.rule_proposal := data.waiting_proposal(proposal);
    job bigint;
begin
    if coalesce(btrim(reason), '') = '' then
        perform data.refuse('GW400', 'say why nobody else approves it', 'rules.sharing.why_alone');
    end if;
    job := data.put_in_force(p, why);
    update data.rule_proposal q set alone = true, alone_why = btrim(reason) where q.id = p.id;
    -- The owner is no role of the service; whoever approves is an administrator.
    update data.job j set role = 'gridwarden_administrator' where j.id = job;
    perform api.record('approve alone', 'rules', jsonb_build_object('proposal', p.id, 'pack', p.pack,
        'version', p.version, 'proposed_by', p.proposed_by, 'why', btrim(reason)), 1);
    return job;
end
$$;

create function api.reject_rules(proposal bigint, why text) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
begin
    if coalesce(btrim(why), '') = '' then
        perform data.refuse('GW400', 'say why it is rejected', 'rules.sharing.say_why');
    end if;
    perform data.decide(data.waiting_proposal(proposal), 'rejected', why);
end
$$;

create function api.take_back_rules(proposal bigint, why text default '') returns void
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    p constant data.rule_proposal := data.waiting_proposal(proposal);
begin
    if api.person() is null or not api.same_person(p.proposed_by, api.person()) then
        perform data.refuse('GW409', 'who proposed it takes it back; others reject it',
            'rules.sharing.not_yours', jsonb_build_object('proposal', p.id, 'person', p.proposed_by));
    end if;
    perform data.decide(p, 'withdrawn', why);
end
$$;

---------------------------------------------------------------------------- the first packs, and the day
-- A new installation begins with the packs that come with it ([{normal, document}] in order): once,
-- before anything was ever published. Nobody has to wait for a second person then.
create function api.first_rules(packs jsonb) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    one jsonb;
begin
    perform pg_advisory_xact_lock(hashtext('gridwarden rules'));
    if exists (select from data.rule_pack) then
        return false;
    end if;
    for one in select p from jsonb_array_elements(packs) p loop
        perform api.publish_rules(one -> 'normal', one -> 'document');
    end loop;
    return true;
end
$$;

create table data.rules_day (day date not null);
comment on table data.rules_day is 'The day that the rules in force were last asked for, in one row.';
insert into data.rules_day values ('-infinity');

-- Once a day (of the office: the session's time zone): versions whose day has come are in force,
-- rules whose last day is over are not. Returns the screening's job, or null.
create function data.rules_of_the_day() returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    job bigint;
begin
    if exists (select from data.rules_day d where d.day = current_date) then
        return null;
    end if;
    perform pg_advisory_xact_lock(hashtext('gridwarden rules'));
    update data.rules_day set day = current_date;
    if data.turn_rules() then
        job := api.queue_job('screen', null, 'screen');
        perform api.record('turn', 'rules', jsonb_build_object('day', current_date, 'job', job));
    end if;
    return job;
end
$$;

---------------------------------------------------------------------------- reading
create view api.rule_proposal as
    select id, act, pack, version, instead_of, document, built_on, changes, why, state,
           proposed_by, proposed_at, decided_by, decided_at, decided_why, job,
           (normal #>> '{pack,valid_from}')::date as valid_from, normal #> '{pack,title}' as title,
           state = 'waiting' and not api.one_hand(proposed_by, proposed_key_by, api.person(),
                                                  api.made_by()) as mine_to_decide,
           state = 'waiting' and api.same_person(proposed_by, api.person()) as mine_to_take_back,
           proposed_key_by, decided_key_by, alone, alone_why
    from data.rule_proposal;

---------------------------------------------------------------------------- grants
revoke all on function data.refuse(text, text, text, jsonb), api.same_person(text, text), api.plain_name(text),
    api.one_hand(text, text, text, text), data.refuse_later_base(jsonb),
    data.put_in_force(data.rule_proposal, text), api.approve_rules_alone(bigint, text, text),
    data.rules_built_on(text[]), data.rule_changes(jsonb, jsonb), data.rule_change(jsonb, jsonb),
    data.base_to_replace(jsonb, boolean), data.refuse_extended(text),
    api.propose_rules(jsonb, jsonb, text, boolean), api.propose_withdrawal(text, text),
    data.waiting_proposal(bigint), data.decide(data.rule_proposal, text, text, bigint),
    data.withdraw_pack(text), api.approve_rules(bigint, text), api.reject_rules(bigint, text),
    api.take_back_rules(bigint, text), api.first_rules(jsonb), data.rules_of_the_day() from public;
-- No one person publishes: the first packs, and what one person alone approves, are for the owner.
revoke execute on function api.publish_rules(jsonb, jsonb) from gridwarden_administrator;
revoke execute on function data.turn_rules(date) from gridwarden_screen;
grant execute on function api.propose_rules(jsonb, jsonb, text, boolean),
    api.propose_withdrawal(text, text), api.approve_rules(bigint, text),
    api.reject_rules(bigint, text), api.take_back_rules(bigint, text) to gridwarden_administrator;
grant execute on function data.rules_of_the_day() to gridwarden_screen;
grant execute on function api.same_person(text, text), api.plain_name(text), api.one_hand(text, text, text, text) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_auditor;
grant select on api.rule_proposal to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator, gridwarden_auditor;
