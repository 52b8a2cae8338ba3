-- A feature for a dataset that is not there is refused unless the caller means a new one: a name that was
-- mistyped would begin one of its own. Gives {"no_dataset": true} for that.
do $do$
declare
    body text := pg_get_functiondef('api.create_feature(text, text, bigint, jsonb, text)'::regprocedure);
    was text;
begin
    foreach was in array array['nature text)', 'published_at)
            values (create_feature.layer', '    begin
        insert into data.dataset'] loop
        if position(was in body) = 0 then
            raise exception 'api.create_feature is not the function that this changes';
        end if;
    end loop;
    body := replace(body, 'nature text)', 'nature text, new_dataset boolean)');
    body := replace(body, '    begin
        insert into data.dataset', '    if not new_dataset and not exists (select from data.dataset d
            where d.layer = create_feature.layer and d.name = create_feature.dataset) then
        return ''{"no_dataset": true}'';
    end if;
    begin
        insert into data.dataset');
    execute body;
    drop function api.create_feature(text, text, bigint, jsonb, text);
end
$do$;
revoke all on function api.create_feature(text, text, bigint, jsonb, text, boolean) from public;
grant execute on function api.create_feature(text, text, bigint, jsonb, text, boolean) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
