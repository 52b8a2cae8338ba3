-- What was found, as it was known at a moment: the twins of the views of findings and of their counts.
-- written by hand, it is of the data
alter table data.finding alter reason set default 'data';

create trigger wrote after insert or update or delete on data.finding
    for each statement execute function data.wrote();
insert into data.kept_since (what, at)
    select 'findings', clock_timestamp() where exists (select from data.finding);

-- Findings and their evidence at the moment: those that hold since then, and those that held until later.
create function data.twin_findings() returns void
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    one record;
    body text;
    acl text;
begin
    perform data.untwin_findings();
    for one in
        select c.relname as name, string_agg(format('t.%I', a.attname), ', ' order by a.attnum) as now,
               string_agg(case a.attname when 'finding_id' then 'p.id' when 'since' then 'lower(p.valid)'
                          else format('p.%I', a.attname) end, ', ' order by a.attnum) as past
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.oid in ('data.finding'::regclass, 'data.finding_exact'::regclass)
        group by c.relname order by c.relname
    loop
        execute format('create view data.%I as select %s from data.%I t where %s
            union all select %s from data.finding_past p where p.valid @> (select api.at_findings())',
            one.name || '_at', one.now, one.name,
            case one.name when 'finding' then 't.since <= (select api.at_findings())'
                 else 'exists (select from data.finding f where f.id = t.finding_id
                               and f.since <= (select api.at_findings()))' end, one.past);
    end loop;
    perform data.twin_view('finding', array['finding', 'finding_exact']);
    perform data.twin_view('finding_exact', array['finding', 'finding_exact']);
    perform data.twin_view('finding_count', array['finding']);
    body := pg_get_functiondef('api.finding_cell(double precision)'::regprocedure);
    execute replace(replace(body, 'api.finding_cell(', 'api.finding_cell_at('),
                    'data.finding f', 'data.finding_at f');
    if pg_get_functiondef('api.finding_cell_at(double precision)'::regprocedure) !~ 'data\.finding_at f' then
        raise exception 'api.finding_cell no longer counts data.finding f';
    end if;
    revoke all on function api.finding_cell_at(double precision) from public;
    for acl in
        select format('grant execute on function api.finding_cell_at(double precision) to %s',
                      x.grantee::regrole)
        from pg_proc p cross join lateral aclexplode(p.proacl) x
        where p.oid = 'api.finding_cell(double precision)'::regprocedure and x.grantee <> p.proowner
    loop
        execute acl;
    end loop;
end
$$;

create function data.untwin_findings() returns void
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
begin
    drop function if exists api.finding_cell_at(double precision);
    drop view if exists api.finding_count_at, api.finding_exact_at,
        api.finding_at, data.finding_exact_at, data.finding_at;
end
$$;

select data.twin_findings();

-- When the city had last been screened then, by which packs, and of what day its data were. Whether
-- changes waited is not kept.
create view api.screened_at as
select s.at as screened_at, false as waiting,
    (select string_agg(p.key || '@' || p.value, ' ' order by p.key) from jsonb_each_text(s.packs_after) p)
        as pack,
    (select max(v.published_at) from data.dataset_version v where v.published_at <= (select api.at()))
        as published_at
from (select 1) one
left join lateral (select s.at, s.packs_after from data.screening s
                   where s.at <= (select api.at()) order by s.id desc limit 1) s on true;

revoke all on function data.twin_findings(), data.untwin_findings() from public;
grant select on api.screened_at to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_viewer, gridwarden_administrator;
