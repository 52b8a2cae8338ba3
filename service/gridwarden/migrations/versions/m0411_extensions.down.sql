drop function api.extension_asked(bigint), data.extension_asked(bigint);
create or replace function data.case_guard(case_id bigint, act text, said jsonb) returns jsonb
    language sql stable set search_path = pg_catalog, pg_temp as
$$ select null::jsonb $$;
drop index data.hazard_act_extensions;
