do $patch$
declare
    becomes constant text := $$(
        select jsonb_build_object(
            'events_unsequenced', count(*),
            'events_unsequenced_oldest_seconds',
                coalesce(extract(epoch from clock_timestamp() - min(e.at)), 0))
        from data.event e where e.seq is null)$$;
begin
    execute replace(replace(pg_get_functiondef('api.metrics()'::regprocedure),
                            'data.watched_events()', becomes), $$ 'data.delivery',$$, '');
end
$patch$;
drop function data.watched_events();
drop index data.finding_worst;
drop index data.finding_open;
