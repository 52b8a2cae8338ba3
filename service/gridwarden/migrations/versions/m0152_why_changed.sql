-- Why a number of findings is another one than it was: every finding that is in the one and not in the
-- other, once, with what did it. docs/time.md tells the same in words.

-- The days that a row gives itself: when it begins and ends to be so, and what day it tells of.
create function data.own_days(said jsonb, zone text)
    returns table (name text, day date)
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select d.name, case when d.name = 'status_at' then ((said ->> d.name)::timestamptz at time zone zone)::date
                        else (said ->> d.name)::date end
    from unnest(array['starts_on', 'ends_on', 'status_at', 'survey_date', 'surveyed_on', 'source_date']) d(name)
    where said ->> d.name is not null
$$;

-- What kind of change a transaction made to a feature, and since when that is so by the feature's own
-- days (null where it does not say). `corrected`: nothing happened; the record was wrong before.
create function data.change_of(layer text, id bigint, xid xid8, zone text,
    out act text, out corrected boolean, out so_since date)
    language plpgsql stable set search_path = pg_catalog, public, pg_temp as
$$
declare
    was data.history;
    now data.history;
begin
    select h.* into was from data.history h
        where h.layer = change_of.layer and h.feature_id = change_of.id and h.xid_to = change_of.xid
          and h.xid_from <> change_of.xid
        order by h.version limit 1;
    select h.* into now from data.history h
        where h.layer = change_of.layer and h.feature_id = change_of.id and h.xid_from = change_of.xid
          and h.xid_to is distinct from change_of.xid
        order by h.version desc limit 1;
    if was.layer is null and now.layer is null then
        corrected := false;
        return;
    end if;
    act := case when was.layer is null then 'insert' when now.layer is null then 'delete' else 'update' end;
    corrected := now.nature is not distinct from 'correction'
        or exists (select from data.moment m where m.xid = change_of.xid and m.nature = 'correction');
    case act
        when 'insert' then
            so_since := coalesce(
                (select d.day from data.own_days(now.row, zone) d where d.name = 'starts_on'),
                least((select min(d.day) from data.own_days(now.row, zone) d where d.name <> 'ends_on'),
                      make_date(nullif(now.row ->> 'year_laid', '')::integer, 12, 31)));
        when 'delete' then
            so_since := (select d.day from data.own_days(was.row, zone) d where d.name = 'ends_on');
        else
            -- days that are later than they were: something happened then
            so_since := (select max(n.day) from data.own_days(now.row, zone) n
                         left join data.own_days(was.row, zone) o on o.name = n.name
                         where o.day is null or n.day > o.day);
            corrected := corrected or so_since is null;
    end case;
end
$$;

-- The part of the difference that a change of a finding is: `rule` where the rules did it; `corrected`,
-- `late` or `new` by the change of the feature that did it, and `new` where no single one did. `day` is
-- the last that was over at the first of the two moments.
create function data.part_of(reason text, corrected boolean, so_since date, day date) returns text
    language sql immutable as
$$
    select case when reason = 'rule' then 'rule' when corrected then 'corrected'
                when so_since <= day then 'late' else 'new' end
$$;

-- The findings that the caller counts at one of the moments and not at the other (act: appeared, ended;
-- moved_in, moved_out where the finding went on but is another's or of another grade), once each, with
-- their part; and beside the difference those that came and went in between (came_and_went) and those
-- that changed their grade alone (regraded). Null filters filter nothing. A moment within a transaction
-- of screening is the one before it. The feature that did it is named to who may read the evidence.
create function api.finding_changes(since timestamptz, until timestamptz, zone text, family text,
        layer text, severity text, certainty text, district bigint)
    returns table (part text, act text, at timestamptz, finding_id bigint, of_family text, of_layer text,
        subject_id bigint, main boolean, of_severity text, of_certainty text, distance_band text,
        district_id bigint, severity_before text, cause_layer text, cause_id bigint, cause_act text)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    with touched as materialized (
        select f.family, f.layer, f.subject_id, f.main_id from data.finding f
        where f.since > finding_changes.since and f.since <= finding_changes.until
        union
        select p.family, p.layer, p.subject_id, p.main_id from data.finding_past p
        where p.valid && tstzrange(finding_changes.since, finding_changes.until, '[]')
          and (lower(p.valid) > finding_changes.since or upper(p.valid) <= finding_changes.until)
    ), versions as (
        select f.id, f.family, f.layer, f.subject_id, f.main_id, f.main, f.severity, f.certainty,
               f.distance_band, f.org_id, f.district_id, f.reason, f.cause_layer, f.cause_id,
               f.cause_xid, e.counterpart_layer, e.counterpart_id, f.since as began,
               'infinity'::timestamptz as ended, null::text as how, null::text as ended_reason,
               null::text as ended_layer, null::bigint as ended_id, null::xid8 as ended_xid
        from touched t
        join data.finding f on f.family = t.family and f.layer = t.layer and f.subject_id = t.subject_id
            and f.main_id is not distinct from t.main_id
        join data.finding_exact e on e.finding_id = f.id
        where f.since <= finding_changes.until
        union all
        select p.id, p.family, p.layer, p.subject_id, p.main_id, p.main, p.severity, p.certainty,
               p.distance_band, p.org_id, p.district_id, p.reason, p.cause_layer, p.cause_id,
               p.cause_xid, p.counterpart_layer, p.counterpart_id, lower(p.valid), upper(p.valid), p.how,
               p.ended_reason, p.ended_cause_layer, p.ended_cause_id, p.ended_cause_xid
        from touched t
        join data.finding_past p on p.family = t.family and p.layer = t.layer
            and p.subject_id = t.subject_id and p.main_id is not distinct from t.main_id
        where p.valid && tstzrange(finding_changes.since, finding_changes.until, '[]')
    ), counted as (
        select v.*, coalesce(api.sees_finding(v.main, v.org_id, v.district_id)
               and coalesce(v.family = finding_changes.family, true)
               and coalesce(v.layer = finding_changes.layer, true)
               and coalesce(v.severity = finding_changes.severity, true)
               and coalesce(v.certainty = finding_changes.certainty, true)
               and (finding_changes.district is null or v.district_id = finding_changes.district), false) as m
        from versions v
    ), beside as (
        select c.*, lag(c.m) over key as m_before, lag(c.how) over key as how_before,
               lag(c.severity) over key as severity_before, lead(c.m) over key as m_after
        from counted c
        window key as (partition by c.family, c.layer, c.subject_id, c.main_id order by c.began, c.id)
    ), keys as (
        select b.family, b.layer, b.subject_id, b.main_id,
               bool_or(b.m and b.began <= finding_changes.since and b.ended > finding_changes.since) as was,
               bool_or(b.m and b.ended > finding_changes.until) as is_now,
               bool_or(b.m) as ever,
               max(b.began) filter (where b.m and (b.m_before is not true or b.how_before = 'ended')) as entered,
               max(b.ended) filter (where b.m and b.ended <= finding_changes.until
                                    and (b.how = 'ended' or b.m_after is not true)) as left_at,
               min(b.severity) filter (where b.m and b.began <= finding_changes.since) as severity_then,
               min(b.severity) filter (where b.m and b.ended > finding_changes.until) as severity_now,
               max(b.began) filter (where b.severity <> b.severity_before) as regraded
        from beside b group by b.family, b.layer, b.subject_id, b.main_id
    ), told as (
        select case when k.is_now and b.how_before is distinct from 'changed' then 'appeared'
                    when k.is_now then 'moved_in' when b.how = 'ended' then 'ended'
                    else 'moved_out' end as act,
               case when k.is_now then b.began else b.ended end as at, b.*, null::text as severity_was,
               case when k.is_now then b.reason else b.ended_reason end as why,
               case when k.is_now then b.cause_layer else b.ended_layer end as by_layer,
               case when k.is_now then b.cause_id else b.ended_id end as by_id,
               case when k.is_now then b.cause_xid else b.ended_xid end as by_xid
        from keys k
        join beside b on b.family = k.family and b.layer = k.layer and b.subject_id = k.subject_id
            and b.main_id is not distinct from k.main_id and b.m
            and case when k.is_now then b.began = k.entered else b.ended = k.left_at end
        where k.was is distinct from k.is_now
        union all
        select 'came_and_went', b.ended, b.*, null, b.ended_reason, b.ended_layer, b.ended_id, b.ended_xid
        from keys k
        join beside b on b.family = k.family and b.layer = k.layer and b.subject_id = k.subject_id
            and b.main_id is not distinct from k.main_id and b.m and b.ended = k.left_at
        where k.ever and not k.was and not k.is_now
        union all
        select 'regraded', b.began, b.*, k.severity_then, b.reason, b.cause_layer, b.cause_id, b.cause_xid
        from keys k
        join beside b on b.family = k.family and b.layer = k.layer and b.subject_id = k.subject_id
            and b.main_id is not distinct from k.main_id and b.began = k.regraded
        where k.was and k.is_now and k.severity_then <> k.severity_now
    ), caused as (
        select t.*, coalesce(t.by_layer, n.layer) as source_layer,
               case when t.by_layer is null then n.id else t.by_id end as source_id,
               case when t.by_layer is null then n.xid else t.by_xid end as source_xid
        from told t
        -- where screening named no single feature: the last change before it of one that it names
        left join lateral (
            select h.layer, h.feature_id as id, x.xid
            from (values (t.layer, t.subject_id), ('gas_pipelines', t.main_id),
                         (t.counterpart_layer, t.counterpart_id)) named(layer, id)
            join data.history h on h.layer = named.layer and h.feature_id = named.id
            cross join lateral (values (h.xid_from, lower(h.valid)), (h.xid_to, upper(h.valid))) x(xid, at)
            where t.why = 'data' and t.by_layer is null
              and x.at > finding_changes.since and x.at <= t.at
            order by x.at desc limit 1) n on true
    )
    select data.part_of(c.why, o.corrected, o.so_since,
                        ((finding_changes.since + interval '1 second') at time zone zone)::date - 1),
           c.act, c.at, c.id, c.family, c.layer,
           case when not api.veils_finding(c.layer, c.main,
                        c.family in (select r.family from data.far_family r)) then c.subject_id end,
           c.main, c.severity, c.certainty, c.distance_band, c.district_id, c.severity_was,
           case when r.evidence then c.source_layer end, case when r.evidence then c.source_id end,
           case when r.evidence then o.act end
    from caused c
    cross join lateral data.change_of(c.source_layer, c.source_id, c.source_xid, zone) o
    cross join lateral (select case api.role()
        when 'utility' then not c.main or api.my_org(c.org_id)
        when 'supervisor' then not c.main or api.may_look()
        else not c.main end as evidence) r
$$;

-- The moment for findings: while a screening wrote, those from before it were known.
create function api.findings_as_of(moment timestamptz) returns timestamptz
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select least(min(m.began), findings_as_of.moment) from data.moment m
    where m.screened and tstzrange(m.began, m.ended) @> findings_as_of.moment
$$;

-- How many findings the caller counts at a moment (of api.findings_as_of); null filters filter nothing.
create function api.finding_number(moment timestamptz, family text, layer text, severity text,
        certainty text, district bigint) returns bigint
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select count(*)
    from (select f.family, f.layer, f.severity, f.certainty, f.main, f.org_id, f.district_id
          from data.finding f where f.since <= finding_number.moment
          union all
          select p.family, p.layer, p.severity, p.certainty, p.main, p.org_id, p.district_id
          from data.finding_past p where p.valid @> finding_number.moment) f
    where api.sees_finding(f.main, f.org_id, f.district_id)
      and coalesce(f.family = finding_number.family, true)
      and coalesce(f.layer = finding_number.layer, true)
      and coalesce(f.severity = finding_number.severity, true)
      and coalesce(f.certainty = finding_number.certainty, true)
      and (finding_number.district is null or f.district_id = finding_number.district)
$$;

revoke all on function api.findings_as_of(timestamptz),
    api.finding_number(timestamptz, text, text, text, text, bigint), data.own_days(jsonb, text), data.change_of(text, bigint, xid8, text),
    data.part_of(text, boolean, date, date),
    api.finding_changes(timestamptz, timestamptz, text, text, text, text, text, bigint) from public;
grant execute on function api.findings_as_of(timestamptz),
    api.finding_number(timestamptz, text, text, text, text, bigint),
    api.finding_changes(timestamptz, timestamptz, text, text, text, text, text, bigint) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher;
