create or replace view api.screened as
select (select max(j.finished_at) from data.job j
        where j.kind = 'screen' and j.state = 'finished') as screened_at,
    exists (select from data.change) as waiting,
    (select string_agg(p.id || '@' || p.version, ' ' order by p.base desc, p.id)
     from data.rule_pack p where p.in_force) as pack,
    (select max(d.published_at) from data.dataset d) as published_at;

create or replace function api.first_rules(packs jsonb) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    one jsonb;
begin
    perform pg_advisory_xact_lock(hashtext('gridwarden rules'));
    if exists (select from data.rule_pack) then
        return false;
    end if;
    for one in select p from jsonb_array_elements(packs) p loop
        perform api.publish_rules(one -> 'normal', one -> 'document');
    end loop;
    return true;
end
$$;
