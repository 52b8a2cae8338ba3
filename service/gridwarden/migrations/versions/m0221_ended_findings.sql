-- A finding that has ended is asked for by the link that somebody kept: it is told as it last was, to
-- whom the living one would be shown. Its views are composed of those of living findings, as the twins
-- of past moments are: who may see is written once.

-- A view's twin: its definition over the past of `tables`, for the same readers. `suffix` names which:
-- `_at`, at the transaction's moment, or `_ended`.
drop function data.twin_view(text, text[]);
create function data.twin_view(name text, tables text[], suffix text default '_at') returns void
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
                               'data.' || one || suffix || ' ' || one, 'g');
        seen := regexp_replace(seen, '\mdata\.' || one || '\M', 'data.' || one || suffix, 'g');
    end loop;
    -- a view has no key that its other columns would depend on
    seen := replace(seen, 'GROUP BY d.id', 'GROUP BY d.id, d.geom');
    execute format('drop view if exists api.%I', name || suffix);
    execute format('create view api.%I as %s', name || suffix, seen);
    for one in
        select format('grant %s on api.%I to %I', x.privilege_type, name || suffix, x.grantee::regrole)
        from pg_class c cross join lateral aclexplode(c.relacl) x
        where c.oid = format('api.%I', name)::regclass and x.grantee <> c.relowner
    loop
        execute replace(one, '"', '');
    end loop;
end
$$;
revoke all on function data.twin_view(text, text[], text) from public;

select data.patch('data.twin_findings()', jsonb_build_array(
    jsonb_build_array(
$w$    for one in
        select c.relname as name, string_agg(format('t.%I', a.attname)$w$,
$w$    -- of findings and their evidence, those that hold at a moment, and those that have ended
    for one in
        select c.relname as name, string_agg(format('%I', a.attname), ', ' order by a.attnum) as names,
               string_agg(format('t.%I', a.attname)$w$),
    jsonb_build_array(
$w$                               and f.since <= (select api.at_findings()))' end, one.past);
    end loop;$w$,
$w$                               and f.since <= (select api.at_findings()))' end, one.past);
        execute format('create view data.%I (%s) as select %s from data.finding_past p
            where p.how = ''ended''', one.name || '_ended', one.names, one.past);
    end loop;
    perform data.twin_view('finding', array['finding', 'finding_exact'], '_ended');
    perform data.twin_view('finding_exact', array['finding', 'finding_exact'], '_ended');$w$)));
select data.patch('data.untwin_findings()', jsonb_build_array(jsonb_build_array(
$w$    drop view if exists api.finding_count_at,$w$,
$w$    drop view if exists api.finding_exact_ended, api.finding_ended, data.finding_exact_ended,
        data.finding_ended;
    drop view if exists api.finding_count_at,$w$)));
select data.twin_findings();

-- Since when the last version of an ended finding held, until when, and what ended it. The feature whose
-- change did it is told to who may read the evidence; all others count from when the finding was first
-- seen: that its last version is younger can say no more than that the main moved.
create function api.finding_end(finding bigint) returns table (
    since timestamptz, until timestamptz, reason text, cause_layer text, cause_id bigint, cause_act text)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select case when r.evidence then lower(p.valid) else p.first_seen end, upper(p.valid),
           p.ended_reason, case when o.act is not null then p.ended_cause_layer end,
           case when o.act is not null then p.ended_cause_id end, o.act
    from data.finding_past p
    cross join lateral (
        select case api.role() when 'utility' then not p.main or api.my_org(p.org_id)
                               when 'supervisor' then not p.main or api.may_look()
                               else not p.main end as evidence) r
    left join lateral (
        select b.act
        from data.change_of(p.ended_cause_layer, p.ended_cause_id, p.ended_cause_xid, 'UTC') b
        where r.evidence) o on true
    where p.id = finding_end.finding and p.how = 'ended'
      and exists (select from api.finding_ended f where f.id = p.id)
$$;
revoke all on function api.finding_end(bigint) from public;
grant execute on function api.finding_end(bigint) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_warden, gridwarden_inspector;
