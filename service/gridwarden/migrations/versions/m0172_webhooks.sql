-- Webhooks: addresses that are told of events, as the key that named them would see those events.

create table data.webhook (
    id bigint generated always as identity primary key,
    credential_id bigint not null references access.credential on delete cascade,
    url text not null,
    secret text not null,
    filters jsonb not null default '{}',
    state text not null default 'on' check (state in ('on', 'paused', 'ended')),
    why text check (why in ('gave_up', 'gone', 'revoked', 'expired')),
    seen bigint not null,
    failures integer not null default 0,
    failing_since timestamptz,
    rest_until timestamptz,
    last_error text,
    last_error_at timestamptz,
    last_delivered_at timestamptz,
    lost_at timestamptz,
    created_at timestamptz not null default clock_timestamp()
);
comment on table data.webhook is
    '`credential_id`: whose eyes it has, and how long it lives. `seen`: deliveries are made of all '
    'events up to that place. `rest_until`: an address that fails every time is tried seldom. '
    '`lost_at`: when events were deleted for their age before it could be told of them.';
create index webhook_credential on data.webhook (credential_id);

create table data.delivery (
    id bigint generated always as identity primary key,
    webhook_id bigint not null references data.webhook on delete cascade,
    message_id text not null unique,
    seq bigint,
    type text not null,
    subject text not null,
    body text,
    attempts integer not null default 0,
    next_at timestamptz not null default clock_timestamp(),
    status integer,
    error text,
    created_at timestamptz not null default clock_timestamp(),
    tried_at timestamptz,
    delivered_at timestamptz,
    unique (webhook_id, seq)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
comment on table data.delivery is
    'One event for one webhook, with the text that its key''s role was shown: as secret as that. The '
    'text goes when it has been delivered. Of one subject the lower id is delivered first.';
create index delivery_waiting on data.delivery (webhook_id, subject, id) where delivered_at is null;
create index delivery_newest on data.delivery (webhook_id, id desc);

---------------------------------------------------------------------------- for whom they work
-- What people see of their own, without the secret and the texts.
create view api.webhook as
    select w.id, w.url, w.filters, w.state, w.why, w.seen, w.failures, w.failing_since, w.last_error,
           w.last_error_at, w.last_delivered_at, w.lost_at, w.created_at, c.label as key_label,
           c.id as key_id, c.expires_at as key_expires_at,
           (select count(*) from data.delivery d
            where d.webhook_id = w.id and d.delivered_at is null) as waiting
    from data.webhook w join access.credential c on c.id = w.credential_id
    where api.is_mine('gridwarden_' || c.role, c.person, c.org_ids);

create view api.delivery as
    select d.id, d.webhook_id, d.message_id, d.seq, d.type, d.subject, d.attempts, d.status, d.error,
           d.created_at, d.tried_at, d.delivered_at,
           case when d.delivered_at is null then d.next_at end as next_at
    from data.delivery d join api.webhook w on w.id = d.webhook_id;

-- A webhook of the key of this hash, from now on: {"id"}, {"full"} (the key has as many as it may),
-- or null where the caller does not act by such a key.
create function api.add_webhook(key_hash bytea, url text, secret text, filters jsonb, most integer)
    returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    key bigint;
    made bigint;
begin
    select c.id into key from access.credential c
        where c.hash = key_hash and c.kind = 'key' and c.revoked_at is null
          and c.expires_at > clock_timestamp() and c.role = api.role() and c.person = api.person()
        for update;
    if key is null then
        return null;
    end if;
    if (select count(*) from data.webhook w where w.credential_id = key and w.state <> 'ended') >= most then
        return jsonb_build_object('full', most);
    end if;
    insert into data.webhook (credential_id, url, secret, filters, seen)
        select key, add_webhook.url, add_webhook.secret, add_webhook.filters, c.last
        from data.event_clock c
        returning id into made;
    perform api.record('add webhook', 'data.webhook', jsonb_build_object('webhook', made, 'key', key,
        'url', add_webhook.url, 'filters', add_webhook.filters));
    return jsonb_build_object('id', made);
end
$$;

create function api.drop_webhook(id bigint) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    delete from data.webhook w using api.webhook mine where w.id = drop_webhook.id and mine.id = w.id;
    if not found then
        return false;
    end if;
    perform api.record('drop webhook', 'data.webhook', jsonb_build_object('webhook', drop_webhook.id));
    return true;
end
$$;

-- Go on with one that was paused, where it stopped; gives its state from before, null for none.
create function api.resume_webhook(id bigint) returns text
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    was text;
begin
    select w.state into was from data.webhook w
        where w.id = resume_webhook.id and exists (select from api.webhook m where m.id = w.id)
        for update;
    if was = 'paused' then
        update data.webhook w set state = 'on', why = null, failures = 0, failing_since = null,
            rest_until = null where w.id = resume_webhook.id;
        update data.delivery d set attempts = 0, next_at = clock_timestamp()
            where d.webhook_id = resume_webhook.id and d.delivered_at is null;
        perform api.record('resume webhook', 'data.webhook',
            jsonb_build_object('webhook', resume_webhook.id));
        perform pg_notify('gridwarden_event', '');
    end if;
    return was;
end
$$;

-- A message of no event, to see whether an address answers; one at a time. {"delivery"}, {"state"}
-- of one that is not on, or null for none.
create function api.test_webhook(id bigint, message_id text) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    state text;
    made bigint;
begin
    select w.state into state from data.webhook w
        where w.id = test_webhook.id and exists (select from api.webhook m where m.id = w.id)
        for update;
    if state is distinct from 'on' then
        return case when state is not null then jsonb_build_object('state', state) end;
    end if;
    select d.id into made from data.delivery d
        where d.webhook_id = test_webhook.id and d.subject = 'test' and d.delivered_at is null;
    if made is null then
        insert into data.delivery (webhook_id, message_id, type, subject, body)
            values (test_webhook.id, test_webhook.message_id, 'test', 'test',
                    jsonb_build_object('type', 'test', 'timestamp', clock_timestamp(),
                        'data', jsonb_build_object('webhook', test_webhook.id))::text)
            returning delivery.id into made;
    end if;
    update data.webhook w set rest_until = null where w.id = test_webhook.id;
    perform pg_notify('gridwarden_event', '');
    return jsonb_build_object('delivery', made);
end
$$;

---------------------------------------------------------------------------- for who sends
-- End those whose key is no more, with what they had to tell; gives how many.
create function data.end_webhooks() returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    ended bigint[];
begin
    with gone as (
        update data.webhook w
        set state = 'ended', why = case when c.revoked_at is null then 'expired' else 'revoked' end
        from access.credential c
        where c.id = w.credential_id and w.state <> 'ended'
          and (c.revoked_at is not null or c.expires_at <= clock_timestamp())
        returning w.id)
    select coalesce(array_agg(g.id), '{}') into ended from gone g;
    delete from data.delivery d where d.webhook_id = any (ended) and d.delivered_at is null;
    return cardinality(ended);
end
$$;

-- Those that are on and whose key holds, each with whose eyes it has, where reading goes on, how
-- many deliveries wait, and whether one could be sent now.
create function data.webhooks_on() returns table (
        id bigint, url text, secret text, filters jsonb, seen bigint, failures integer,
        role text, person text, org_ids bigint[], district_ids bigint[], all_districts boolean,
        language text, waiting bigint, behind boolean, due boolean)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select w.id, w.url, w.secret, w.filters, w.seen, w.failures, c.role, c.person, c.org_ids,
           c.district_ids, c.all_districts, c.language, d.waiting, w.seen < t.last,
           d.due and (w.rest_until is null or w.rest_until <= clock_timestamp())
    from data.webhook w
    join access.credential c on c.id = w.credential_id
        and c.revoked_at is null and c.expires_at > clock_timestamp()
    cross join data.event_clock t
    cross join lateral (
        select count(*) as waiting, coalesce(bool_or(p.next_at <= clock_timestamp()), false) as due
        from data.delivery p where p.webhook_id = w.id and p.delivered_at is null) d
    where w.state = 'on'
$$;

-- Delete what was delivered so many days ago; say of which webhooks events were lost.
create function data.forget_deliveries(days integer) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    n bigint;
begin
    delete from data.delivery d where d.delivered_at < clock_timestamp() - make_interval(days => days);
    get diagnostics n = row_count;
    update data.webhook w set seen = c.forgotten, lost_at = clock_timestamp()
        from data.event_clock c where w.seen < c.forgotten and w.state <> 'ended';
    return n;
end
$$;

---------------------------------------------------------------------------- grants
revoke all on function api.add_webhook(bytea, text, text, jsonb, integer), api.drop_webhook(bigint),
    api.resume_webhook(bigint), api.test_webhook(bigint, text), data.end_webhooks(),
    data.webhooks_on(), data.forget_deliveries(integer) from public;
grant select on api.webhook, api.delivery to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
grant execute on function api.add_webhook(bytea, text, text, jsonb, integer),
    api.drop_webhook(bigint), api.resume_webhook(bigint), api.test_webhook(bigint, text) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
grant execute on function data.end_webhooks(), data.webhooks_on(), data.forget_deliveries(integer)
    to gridwarden_send;
grant select, update on data.webhook to gridwarden_send;
grant select, insert, update on data.delivery to gridwarden_send;
