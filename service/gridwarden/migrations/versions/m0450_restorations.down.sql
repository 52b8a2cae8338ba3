do $patch$
declare
    body constant text := pg_get_functiondef('api.permit_replay(bigint, jsonb)'::regprocedure);
begin
    execute replace(body, 'data.same_count(stored.epoch) is not true',
        'stored.epoch is distinct from data.epoch()');
end
$patch$;
drop function data.same_count(text);
drop table data.restoration;
