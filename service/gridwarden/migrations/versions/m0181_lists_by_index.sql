-- Findings worst first, as the page lists them.
create index finding_worst on data.finding (
    (array_position(array['major', 'serious', 'general'], severity)), id);
-- Those that no main is part of: to everybody but companies and supervisors theirs is the only evidence,
-- and where they are few among many, it was looked for in all.
create index finding_open on data.finding (id) where not main;

-- What the outbox and the webhooks have before them, and the datasets of which an update is overdue.
create function data.watched_events() returns jsonb
    language sql stable set search_path = pg_catalog, pg_temp as
$$
select (
    select jsonb_build_object(
        'events_unsequenced', count(*),
        'events_unsequenced_oldest_seconds',
            coalesce(extract(epoch from clock_timestamp() - min(e.at)), 0))
    from data.event e where e.seq is null)
|| (
    select jsonb_build_object(
        'deliveries_waiting', count(*),
        'deliveries_oldest_seconds',
            coalesce(extract(epoch from clock_timestamp() - min(d.created_at)), 0),
        'deliveries_failing', count(*) filter (where d.attempts > 0))
    from data.delivery d where d.delivered_at is null)
|| (
    select jsonb_build_object('datasets_late', count(*) filter (where a.late))
    from data.dataset_aged(data.city_day(now())) a)
$$;
revoke all on function data.watched_events() from public;

do $patch$
declare
    was constant text := $$(
        select jsonb_build_object(
            'events_unsequenced', count(*),
            'events_unsequenced_oldest_seconds',
                coalesce(extract(epoch from clock_timestamp() - min(e.at)), 0))
        from data.event e where e.seq is null)$$;
    body constant text := pg_get_functiondef('api.metrics()'::regprocedure);
begin
    if position(was in body) = 0 then
        raise exception 'api.metrics() is not the one that this changes';
    end if;
    execute replace(replace(body, was, 'data.watched_events()'),
                    $$'data.permit_answer',$$, $$'data.permit_answer', 'data.delivery',$$);
end
$patch$;
