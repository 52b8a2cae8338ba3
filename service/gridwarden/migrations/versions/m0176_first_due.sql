-- Of a subject the first delivery alone can be sent: a later one that is due while the first waits for
-- its next try is not, or who sends would ask again without end.
create or replace function data.webhooks_on() returns table (
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
        select count(*) as waiting, exists (
            select from (select distinct on (p.subject) p.next_at from data.delivery p
                         where p.webhook_id = w.id and p.delivered_at is null
                         order by p.subject, p.id) f
            where f.next_at <= clock_timestamp()) as due
        from data.delivery p where p.webhook_id = w.id and p.delivered_at is null) d
    where w.state = 'on'
$$;
