create or replace function data.judged_again(c data.hazard_case) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select c.standing is null
        or exists (select from data.hazard_rejudge r
                   where r.case_id = c.id and r.version = c.version
                     and not exists (select from data.change h where h.id = r.change_id))
$$;
