-- Rules change by two people: one proposes a pack, or that one goes, another one decides. Here is
-- what holds it, whoever calls. Refusals carry a sentence, and in HINT the key of its words.

create table data.rule_proposal (
    id bigint generated always as identity primary key,
    act text not null check (act in ('publish', 'withdraw')),
    pack text not null,
    version text not null,
    instead_of text,
    normal jsonb,
    document jsonb,
    built_on jsonb not null,
    changes jsonb not null,
    why text not null,
    state text not null default 'waiting'
        check (state in ('waiting', 'approved', 'rejected', 'withdrawn')),
    proposed_by text not null,
    proposed_key_by text default api.made_by(),
    proposed_at timestamptz not null default clock_timestamp(),
    decided_by text,
    decided_at timestamptz,
    decided_why text,
    decided_key_by text,
    alone boolean not null default false,
    alone_why text,
    job bigint,
    check ((act = 'publish') = (normal is not null)),
    check ((state = 'waiting') = (decided_at is null)),
    check (alone = (alone_why is not null))
);
comment on table data.rule_proposal is
    'A pack to publish or to withdraw, as one person proposed it and another decided. `built_on` are '
    'the versions that it was compared with; once another one is published it must be proposed again. '
    '`…_key_by` made the key that the person acted by; `alone`: nobody else approved it, and why not.';

-- Refuse with a sentence for psql, and its words and their values for people.
create function data.refuse(state text, sentence text, words text, told jsonb default '{}')
    returns void language plpgsql as
$$
begin
    raise exception using errcode = state, message = sentence, hint = words, detail = told::text;
end
$$;

-- One person has one name: at the door of the machine (cli:anna), by HTTP (anna), and with a key or
-- link that nobody else was named for (anna key 3). Who is not known is nobody else.
create function api.plain_name(person text) returns text
    language sql immutable parallel safe as
$$
    -- as it reads: one width, one case, one space, nothing invisible
    select regexp_replace(lower(btrim(regexp_replace(regexp_replace(normalize(person, NFKC),
        '[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2064\uFEFF]', '', 'g'), '\s+', ' ', 'g'))),
        '^cli:\s*|\s+(key|link)\s+\d+$', '', 'g')
$$;

create function api.same_person(a text, b text) returns boolean
    language sql immutable parallel safe as
$$ select coalesce(api.plain_name(a) = api.plain_name(b), true) $$;

-- Who proposed and who decides are one hand where they are one person, or where one of them made the
-- key of the other: whoever makes keys could otherwise be anybody.
create function api.one_hand(person text, key_by text, other text, other_key_by text) returns boolean
    language sql immutable parallel safe as
$$
    select api.same_person(person, other)
        or key_by is not null and api.same_person(key_by, other)
        or other_key_by is not null and api.same_person(person, other_key_by)
$$;

-- What a proposal stands on: the newest versions of the pack itself, of what it extends, and of the
-- base pack whose place it takes.
create function data.rules_built_on(packs text[]) returns jsonb
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    with recursive below as (
        select p.id, p.extends from data.rule_pack p
        where p.id = any (packs) and p.withdrawn_at is null
        union
        select p.id, p.extends from below b
        join data.rule_pack p on p.id = b.extends and p.withdrawn_at is null)
    select coalesce(jsonb_object_agg(newest.id, newest.version), '{}')
    from (select distinct on (p.id) p.id, p.version from data.rule_pack p
          where p.withdrawn_at is null and p.id in (select id from below)
          order by p.id, p.published_at desc) newest
$$;

---------------------------------------------------------------------------- what changes
create function data.rule_change(before jsonb, after jsonb) returns jsonb
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select jsonb_build_object(
        'family', coalesce(after, before) -> 'family',
        'kind', coalesce(after, before) -> 'kind',
        'says', coalesce(after, before) - 'rows',
        'fields', case when before is not null and after is not null then (
            select coalesce(jsonb_object_agg(k, jsonb_build_array(before -> k, after -> k)), '{}')
            from (select jsonb_object_keys(before || after) as k) keys
            where k <> 'rows' and before -> k is distinct from after -> k) else '{}' end,
        'old_rows', gone.rows, 'new_rows', come.rows)
    from (select coalesce(jsonb_agg(w order by w -> 'row_no'), '[]') as rows
          from jsonb_array_elements(coalesce(before -> 'rows', '[]')) w
          where not exists (select from jsonb_array_elements(coalesce(after -> 'rows', '[]')) x
                            where x - 'row_no' = w - 'row_no')) gone,
         (select coalesce(jsonb_agg(w order by w -> 'row_no'), '[]') as rows
          from jsonb_array_elements(coalesce(after -> 'rows', '[]')) w
          where not exists (select from jsonb_array_elements(coalesce(before -> 'rows', '[]')) x
                            where x - 'row_no' = w - 'row_no')) come
$$;

-- Rules, classes, diameters, figures and (of two versions) the pack's own words that differ: of a rule its
-- fields (old, new), and the rows that go and that come. Their numbers in the file do not matter.
create function data.rule_changes(before jsonb, after jsonb) returns jsonb
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    with said as (
        select s.side, t.no, t.what, t.id, t.value
        from (values ('old', coalesce(before, '{}')), ('new', coalesce(after, '{}'))) s(side, normal)
        cross join lateral (
            select 0 as no, 'pack' as what, p.key as id, p.value
            from jsonb_each(coalesce(s.normal -> 'pack', '{}')) p
            where p.key not in ('id', 'version', 'base') and p.value not in ('null', '[]')
              and before is not null and after is not null
            union all
            select 1, 'class', concat_ws(' ', c ->> 'system', c ->> 'class'), jsonb_strip_nulls(c)
            from jsonb_array_elements(coalesce(s.normal -> 'classes', '[]')) c
            union all
            select 2, 'outer_diameter', concat_ws(' DN ', d ->> 'material', d ->> 'dn'), d -> 'od_mm'
            from jsonb_array_elements(coalesce(s.normal -> 'outer_diameters', '[]')) d
            union all
            select 3, 'figure', f ->> 'id', jsonb_strip_nulls(f)
            from jsonb_array_elements(coalesce(s.normal -> 'figures', '[]')) f
            union all
            select 4, 'rule', r ->> 'rule', jsonb_strip_nulls(r)
            from jsonb_array_elements(coalesce(s.normal -> 'rules', '[]')) r
        ) t
    )
    select coalesce(jsonb_agg(one.told order by one.no, one.id), '[]')
    from (
        select coalesce(o.no, n.no) as no, coalesce(o.id, n.id) as id,
               jsonb_build_object('what', coalesce(o.what, n.what), 'id', coalesce(o.id, n.id),
                   'change', case when o.id is null then 'added' when n.id is null then 'removed'
                                  else 'changed' end)
               || case when coalesce(o.what, n.what) = 'rule'
                       then data.rule_change(o.value, n.value)
                       else jsonb_build_object('old', o.value, 'new', n.value) end as told
        from (select * from said where side = 'old') o
        full join (select * from said where side = 'new') n on n.what = o.what and n.id = o.id
        where o.value is distinct from n.value
    ) one
$$;

---------------------------------------------------------------------------- proposing
-- The base pack in force that another one would take the place of; refuses what cannot come about.
create function data.base_to_replace(head jsonb, instead boolean) returns text
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
declare
    pack_id constant text := head ->> 'id';
    other constant text := (select p.id from data.rule_pack p
                            where p.base and p.in_force and p.id <> pack_id);
begin
    if head ->> 'extends' is not null then
        if not exists (select from data.rule_pack p
                       where p.id = head ->> 'extends' and p.in_force) then
            perform data.refuse('GW409', 'the pack that it extends is not in force',
                'rules.sharing.not_extended', jsonb_build_object('pack', head ->> 'extends'));
        end if;
        return null;
    end if;
    if other is null then
        return null;
    end if;
    if not coalesce(instead, false) then
        perform data.refuse('GW409', 'another base pack is in force',
            'rules.sharing.other_base', jsonb_build_object('pack', other));
    end if;
    perform data.refuse_extended(other);
    return other;
end
$$;

-- The old base pack goes when its successor is approved: one whose day is still to come would leave
-- no rules in force until then. The day is that of the session's time zone.
create function data.refuse_later_base(head jsonb) returns void
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
begin
    if (head ->> 'valid_from')::date > current_date then
        perform data.refuse('GW409', 'a base pack takes the place of another on or after its first day',
            'rules.sharing.later_base',
            jsonb_build_object('pack', head ->> 'id', 'day', head ->> 'valid_from'));
    end if;
end
$$;

create function data.refuse_extended(pack text) returns void
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
declare
    others constant text := (
        select string_agg(newest.id, ', ' order by newest.id)
        from (select distinct on (p.id) p.id, p.extends from data.rule_pack p
              where p.withdrawn_at is null order by p.id, p.published_at desc) newest
        where newest.extends = refuse_extended.pack);
begin
    if others is not null then
        perform data.refuse('GW409', 'other packs extend it: ' || others,
            'rules.sharing.extended', jsonb_build_object('pack', pack, 'others', others));
    end if;
end
$$;

-- The proposal's number. `normal` is the pack as gridwarden.rules has checked it; that it can be
-- written is tried out here, so that nobody approves what cannot be published.
create function api.propose_rules(normal jsonb, document jsonb, why text default '',
        instead_of_base boolean default false) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    head constant jsonb := normal -> 'pack';
    pack_id constant text := head ->> 'id';
    pack_version constant text := head ->> 'version';
    newest data.rule_pack;
    other text;
    made bigint;
begin
    perform pg_advisory_xact_lock(hashtext('gridwarden rules'));
    if api.person() is null then
        perform data.refuse('GW409', 'who proposes must be known', 'rules.sharing.nobody');
    end if;
    select p.* into newest from data.rule_pack p
        where p.id = pack_id and p.withdrawn_at is null order by p.published_at desc limit 1;
    if newest.normal = propose_rules.normal then
        perform data.refuse('GW409', 'nothing to publish', 'rules.sharing.nothing',
            jsonb_build_object('pack', pack_id, 'version', pack_version));
    end if;
    if exists (select from data.rule_pack p where p.id = pack_id and p.version = pack_version
               and p.normal <> propose_rules.normal) then
        perform data.refuse('GW409', 'this version was published with other rules; raise the version',
            'rules.sharing.raise_version', jsonb_build_object('pack', pack_id, 'version', pack_version));
    end if;
    select q.id into made from data.rule_proposal q
        where q.state = 'waiting' and q.act = 'publish' and q.normal = propose_rules.normal limit 1;
    if made is not null then
        perform data.refuse('GW409', 'the same is waiting as proposal ' || made,
            'rules.sharing.waiting', jsonb_build_object('proposal', made));
    end if;
    other := data.base_to_replace(head, instead_of_base);
    if other is not null then
        perform data.refuse_later_base(head);
    end if;
    begin
        if not exists (select from data.rule_pack p where p.id = pack_id and p.version = pack_version) then
            perform data.write_pack(normal, document);
        end if;
        raise exception using errcode = 'GW000';
    exception when sqlstate 'GW000' then
        null;  -- it can be written; nothing of it stays
    end;
    insert into data.rule_proposal (act, pack, version, instead_of, normal, document, built_on,
            changes, why, proposed_by)
        values ('publish', pack_id, pack_version, other, propose_rules.normal, propose_rules.document,
            data.rules_built_on(array_remove(array[pack_id, head ->> 'extends', other], null)),
            data.rule_changes((select p.normal from data.rule_pack p where p.in_force
                               and p.id = coalesce(other, pack_id)), propose_rules.normal),
            coalesce(btrim(why), ''), api.person())
        returning id into made;
    perform api.record('propose', 'rules', jsonb_build_object('proposal', made, 'pack', pack_id,
        'version', pack_version, 'instead_of', other), 1);
    return made;
end
$$;

create function api.propose_withdrawal(pack text, why text default '') returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    newest data.rule_pack;
    made bigint;
begin
    perform pg_advisory_xact_lock(hashtext('gridwarden rules'));
    if api.person() is null then
        perform data.refuse('GW409', 'who proposes must be known', 'rules.sharing.nobody');
    end if;
    select p.* into newest from data.rule_pack p
        where p.id = propose_withdrawal.pack and p.withdrawn_at is null
        order by p.published_at desc limit 1;
    if newest.id is null then
        perform data.refuse('GW404', 'no such pack is in force', 'rules.sharing.not_in_force',
            jsonb_build_object('pack', pack));
    end if;
    perform data.refuse_extended(pack);
    select q.id into made from data.rule_proposal q where q.state = 'waiting'
        and q.act = 'withdraw' and q.pack = propose_withdrawal.pack limit 1;
    if made is not null then
        perform data.refuse('GW409', 'the same is waiting as proposal ' || made,
            'rules.sharing.waiting', jsonb_build_object('proposal', made));
    end if;
    insert into data.rule_proposal (act, pack, version, built_on, changes, why, proposed_by)
        values ('withdraw', newest.id, newest.version, data.rules_built_on(array[newest.id]),
            data.rule_changes(newest.normal, null), coalesce(btrim(why), ''), api.person())
        returning id into made;
    perform api.record('propose', 'rules', jsonb_build_object('proposal', made, 'pack', newest.id,
        'version', newest.version, 'withdraw', true), 1);
    return made;
end
$$;
