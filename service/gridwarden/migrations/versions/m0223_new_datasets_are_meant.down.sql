do $do$
declare
    body text := pg_get_functiondef('api.create_feature(text, text, bigint, jsonb, text, boolean)'::regprocedure);
begin
    body := replace(body, 'nature text, new_dataset boolean)', 'nature text)');
    execute replace(body, '    if not new_dataset and not exists (select from data.dataset d
            where d.layer = create_feature.layer and d.name = create_feature.dataset) then
        return ''{"no_dataset": true}'';
    end if;
', '');
    drop function api.create_feature(text, text, bigint, jsonb, text, boolean);
end
$do$;
revoke all on function api.create_feature(text, text, bigint, jsonb, text) from public;
grant execute on function api.create_feature(text, text, bigint, jsonb, text) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
