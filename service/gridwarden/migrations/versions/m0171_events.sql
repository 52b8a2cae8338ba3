-- Events in an order that readers can follow: a place `seq` is given to what is committed, so that a
-- cursor never passes an event that appears later; and what becomes of imports is told, too.

---------------------------------------------------------------------------- the order
create table data.event_clock (
    one boolean primary key default true check (one),
    last bigint not null default 0,
    forgotten bigint not null default 0
);
insert into data.event_clock default values;
comment on table data.event_clock is
    'One row. `last`: the newest place given; `forgotten`: the newest that was deleted for its age.';

-- Give the next places to events that are committed and have none, in the order of their ids; gives
-- how many. One at a time: the statement after the lock sees all that was numbered before.
create function data.number_events(at_most integer) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    n bigint;
begin
    perform pg_advisory_xact_lock(hashtext('gridwarden event order'));
    with waiting as materialized (
        select e.id, row_number() over (order by e.id) as place
        from (select w.id from data.event w where w.seq is null order by w.id limit at_most) e),
    taken as (
        update data.event_clock c set last = c.last + w.n
        from (select count(*) as n from waiting) w where w.n > 0
        returning c.last - w.n as base),
    numbered as (
        update data.event e set seq = t.base + w.place
        from waiting w, taken t where e.id = w.id
        returning 1)
    select count(*) into n from numbered;
    if n > 0 then
        perform pg_notify('gridwarden_event', (select c.last::text from data.event_clock c));
    end if;
    return n;
end
$$;

-- Whoever gives places is told that some wait, when they can be seen.
create function data.event_waits() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as
$$
begin
    perform pg_notify('gridwarden_outbox', '');
    return null;
end
$$;
create trigger event_waits after insert on data.event
    for each statement execute function data.event_waits();

-- Delete what is older than so many days, oldest first and without a gap; gives how many.
create function data.forget_events(days integer, at_most integer) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    upto bigint;
    n bigint;
begin
    perform pg_advisory_xact_lock(hashtext('gridwarden event order'));
    select least(c.forgotten + at_most, coalesce(
               (select e.seq - 1 from data.event e
                where e.seq is not null and e.at >= clock_timestamp() - make_interval(days => days)
                order by e.seq limit 1), c.last))
        into upto from data.event_clock c;
    delete from data.event e where e.seq <= upto;
    get diagnostics n = row_count;
    update data.event_clock c set forgotten = upto where c.forgotten < upto;
    return n;
end
$$;

---------------------------------------------------------------------------- imports
-- Written by the transaction that does it; a dry run does nothing. Names and counts, no place.
create function data.tell_import() returns trigger
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    insert into data.event (topic, act, subject, import_id, layer, org_id, detail)
    values ('import',
            case when new.state = 'published' and new.rollback_to is not null then 'rolled_back'
                 else new.state end,
            'import ' || new.id, new.id, new.layer, new.org_id,
            jsonb_strip_nulls(jsonb_build_object('dataset', new.dataset, 'version', new.version,
                'rollback_to', new.rollback_to, 'added', new.added, 'changed', new.changed,
                'removed', new.removed, 'kept', new.kept, 'quarantined', new.quarantined)));
    return null;
end
$$;
create trigger tell_import after update of state on data.import
    for each row when (not new.dry_run and new.state is distinct from old.state
        and new.state in ('published', 'unchanged', 'held', 'failed', 'cancelled'))
    execute function data.tell_import();

-- One whose job was cancelled while it waited, or died, is told by its job.
create function data.tell_import_of_job() returns trigger
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    insert into data.event (topic, act, subject, import_id, layer, org_id, detail)
    select 'import', new.state, 'import ' || i.id, i.id, i.layer, i.org_id,
           jsonb_build_object('dataset', i.dataset)
    from data.import i
    where i.job_id = new.id and not i.dry_run and i.state in ('queued', 'running', 'held');
    return null;
end
$$;
create trigger tell_import_of_job after update of state on data.job
    for each row when (new.kind = 'import' and new.state is distinct from old.state
        and new.state in ('failed', 'cancelled'))
    execute function data.tell_import_of_job();

---------------------------------------------------------------------------- who sees them
-- Of a finding's events a role sees what api.finding would show it of that finding, by the same
-- functions and by what the event itself says: what ended is judged as it was. Events of imports are
-- whose the import is. An event without a place cannot be seen: its place comes in a moment.
create view api.event as
    select e.seq, e.at, e.topic, e.act, e.subject, e.finding_id, e.import_id, e.family, e.layer,
           case when not v.veiled then e.subject_id end as subject_id,
           e.main_id is not null as main, e.severity, e.certainty, e.distance_band, e.district_id,
           case when v.veiled then floor(e.x / 500) * 500 + 250 else e.x end as x,
           case when v.veiled then floor(e.y / 500) * 500 + 250 else e.y end as y,
           v.veiled, e.reason, case e.topic when 'import' then e.detail end as detail
    from data.event e
    cross join lateral (select e.topic = 'finding' and api.veils_finding(e.layer, e.main_id is not null,
        e.family in (select r.family from data.far_family r)) as veiled) v
    where e.seq is not null
      and case e.topic
              when 'finding' then api.sees_finding(e.main_id is not null, e.org_id, e.district_id)
              else exists (select from api.import i where i.id = e.import_id) end;

create view api.event_clock as select c.last, c.forgotten from data.event_clock c;

-- What a list of events can be narrowed to.
create view api.event_choice as
    select 'layer' as filter, l.id as choice from data.layer l
    union select 'family', r.family from data.rule r
    union select 'family', q.family from data.main_rule q;

---------------------------------------------------------------------------- grants
revoke all on function data.number_events(integer), data.event_waits(),
    data.forget_events(integer, integer), data.tell_import(), data.tell_import_of_job() from public;
grant usage on schema data to gridwarden_send;
grant execute on function data.number_events(integer), data.forget_events(integer, integer)
    to gridwarden_send;
grant select on api.event, api.event_clock, api.event_choice to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
