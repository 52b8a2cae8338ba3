-- A pack tried out on the city as it is: in force for one transaction that cannot end well.

create table data.rule_trial (
    pack text not null,
    at timestamptz not null default clock_timestamp()
);
comment on table data.rule_trial is
    'Always empty: whoever puts a pack in force for a trial is refused when he commits.';

create function data.no_trial_stays() returns trigger language plpgsql as
$$
begin
    raise exception 'a trial of rules is never kept' using errcode = 'GW409';
end
$$;
create constraint trigger no_trial_stays after insert on data.rule_trial
    deferrable initially deferred for each row execute function data.no_trial_stays();

-- What was found before and would be found, key by key; emptied at the start and by the rollback.
create unlogged table data.tried (
    after boolean not null,
    family text not null,
    layer text not null,
    subject_id bigint not null,
    main_id bigint,
    severity text not null,
    certainty text not null,
    org_id bigint,
    strength integer not null,
    pack text not null,
    rule text not null,
    distance_m numeric,
    required_m numeric
);

-- Puts a pack in force (`normal`, `document`), or takes one out of force (`withdraw`), in this
-- transaction alone. The same version with other rules is what an author has while he writes, and
-- a day that is still to come is taken as come.
create function data.try_rules(normal jsonb, document jsonb, withdraw text default null,
        instead_of_base boolean default false) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    head constant jsonb := normal -> 'pack';
    other text;
begin
    -- Shared: who publishes waits, who imports mains or writes what was screened does not. The rows
    -- that the trial writes are its own, and go.
    perform pg_advisory_xact_lock_shared(hashtext('gridwarden rules'));
    insert into data.rule_trial (pack) values (coalesce(withdraw, head ->> 'id'));
    if withdraw is not null then
        if not exists (select from data.rule_pack p where p.id = withdraw and p.in_force) then
            perform data.refuse('GW404', 'no such pack is in force', 'rules.sharing.not_in_force',
                jsonb_build_object('pack', withdraw));
        end if;
        perform data.refuse_extended(withdraw);
        perform data.withdraw_pack(withdraw);
        perform data.turn_rules();
        return;
    end if;
    other := data.base_to_replace(head, instead_of_base);
    if other is not null then
        perform data.withdraw_pack(other);
    end if;
    perform data.write_pack(jsonb_set(normal, '{pack}', head || jsonb_build_object(
        'version', (head ->> 'version') || ' (trial)',
        'valid_from', least((head ->> 'valid_from')::date, current_date))), document);
    perform data.turn_rules();
end
$$;

revoke all on function data.no_trial_stays(),
    data.try_rules(jsonb, jsonb, text, boolean) from public;
grant execute on function data.try_rules(jsonb, jsonb, text, boolean) to gridwarden_screen;
grant select, insert, truncate on data.tried to gridwarden_screen;
