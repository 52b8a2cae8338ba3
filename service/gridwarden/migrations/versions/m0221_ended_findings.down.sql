drop function api.finding_end(bigint);
select data.untwin_findings();
select data.patch('data.twin_findings()', jsonb_build_array(
    jsonb_build_array(
$w$    -- of findings and their evidence, those that hold at a moment, and those that have ended
    for one in
        select c.relname as name, string_agg(format('%I', a.attname), ', ' order by a.attnum) as names,
               string_agg(format('t.%I', a.attname)$w$,
$w$    for one in
        select c.relname as name, string_agg(format('t.%I', a.attname)$w$),
    jsonb_build_array(
$w$                               and f.since <= (select api.at_findings()))' end, one.past);
        execute format('create view data.%I (%s) as select %s from data.finding_past p
            where p.how = ''ended''', one.name || '_ended', one.names, one.past);
    end loop;
    perform data.twin_view('finding', array['finding', 'finding_exact'], '_ended');
    perform data.twin_view('finding_exact', array['finding', 'finding_exact'], '_ended');$w$,
$w$                               and f.since <= (select api.at_findings()))' end, one.past);
    end loop;$w$)));
select data.patch('data.untwin_findings()', jsonb_build_array(jsonb_build_array(
$w$    drop view if exists api.finding_exact_ended, api.finding_ended, data.finding_exact_ended,
        data.finding_ended;
    drop view if exists api.finding_count_at,$w$,
$w$    drop view if exists api.finding_count_at,$w$)));
drop function data.twin_view(text, text[], text);
create function data.twin_view(name text, tables text[]) returns void
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
declare
    seen text := pg_get_viewdef(format('api.%I', name)::regclass);
    one text;
begin
    foreach one in array tables loop
        if seen !~ ('\mdata\.' || one || '\M') then
            raise exception 'api.% does not read data.%', name, one;
        end if;
        seen := regexp_replace(seen, '\mdata\.' || one || '\M(?! [a-z])',
                               'data.' || one || '_at ' || one, 'g');
        seen := regexp_replace(seen, '\mdata\.' || one || '\M', 'data.' || one || '_at', 'g');
    end loop;
    -- a view has no key that its other columns would depend on
    seen := replace(seen, 'GROUP BY d.id', 'GROUP BY d.id, d.geom');
    execute format('drop view if exists api.%I', name || '_at');
    execute format('create view api.%I as %s', name || '_at', seen);
    for one in
        select format('grant %s on api.%I to %I', x.privilege_type, name || '_at', x.grantee::regrole)
        from pg_class c cross join lateral aclexplode(c.relacl) x
        where c.oid = format('api.%I', name)::regclass and x.grantee <> c.relowner
    loop
        execute replace(one, '"', '');
    end loop;
end
$$;
revoke all on function data.twin_view(text, text[]) from public;
select data.twin_findings();
