-- A city that was judged by rules of an earlier form is judged again, and says so until then.

-- A new installation begins with the packs that come with it ([{normal, document}] in order): once,
-- before anything was ever published in the form of now. Nobody has to wait for a second person
-- then. Where there is something to judge by them, a screening is queued.
create or replace function api.first_rules(packs jsonb) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    one jsonb;
    job bigint;
begin
    perform pg_advisory_xact_lock(hashtext('gridwarden rules'));
    if exists (select from data.rule_pack p where p.form <> 'earlier') then
        return false;
    end if;
    -- A version of now and one of the earlier form may have one name.
    update data.rule_pack p set version = p.version || '-earlier'
    from jsonb_array_elements(packs) n
    where p.id = n #>> '{normal,pack,id}' and p.version = n #>> '{normal,pack,version}';
    for one in select p from jsonb_array_elements(packs) p loop
        perform api.publish_rules(one -> 'normal', one -> 'document');
    end loop;
    if exists (select from data.finding) or exists (select from data.dataset d where d.version > 0) then
        job := api.queue_job('screen', null, 'screen');
        -- Nobody asked for it: it is the rules' own.
        update data.job j set role = 'gridwarden_screen' where j.id = job;
    end if;
    return true;
end
$$;

-- When the city was last screened, and by which packs; whether what was found is no longer what the
-- data and rules of now would give.
create or replace view api.screened as
select t.screened_at,
    exists (select from data.change)
        or t.screened_at is not null and l.packs is distinct from (
            select coalesce(jsonb_object_agg(p.id, p.version), '{}') from data.rule_pack p where p.in_force)
        as waiting,
    (select string_agg(p.id || '@' || p.version, ' ' order by p.base desc, p.id)
     from data.rule_pack p
     where case when l.packs is null then t.screened_at is not null and p.form = 'earlier'
                else l.packs ->> p.id = p.version end) as pack,
    (select max(d.published_at) from data.dataset d) as published_at
from (select max(j.finished_at) as screened_at from data.job j
      where j.kind = 'screen' and j.state = 'finished') t
left join (select s.packs_after as packs from data.screening s order by s.id desc limit 1) l on true;
