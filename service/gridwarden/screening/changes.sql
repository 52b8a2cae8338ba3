-- Why a number of findings is another one: the numbers, and the lists that make the difference.

-- name: changes
-- One statement, so that all of it is of one state. A list is read from its row number `after` on.
with asked as materialized (
    select api.findings_as_of(%(since)s) as since, api.findings_as_of(%(until)s) as until
), changes as materialized (
    select l.list, c.*, row_number() over (partition by l.list order by c.at, c.finding_id, c.act) as n
    from asked a
    cross join lateral api.finding_changes(a.since, a.until, %(zone)s, %(family)s, %(layer)s,
        %(severity)s, %(certainty)s, %(district)s) c
    cross join lateral (select case when c.act in ('came_and_went', 'regraded') then c.act
                               else c.part end as list) l
)
select jsonb_build_object(
    'then', (select api.finding_number(a.since, %(family)s, %(layer)s, %(severity)s, %(certainty)s,
                                       %(district)s) from asked a),
    'now', (select api.finding_number(a.until, %(family)s, %(layer)s, %(severity)s, %(certainty)s,
                                      %(district)s) from asked a),
    'lists', (
        select coalesce(jsonb_object_agg(x.list, jsonb_build_object(
            'count', x.n, 'appeared', x.appeared, 'ended', x.ended, 'items', x.items)), '{}')
        from (
            select c.list, count(*) as n,
                   count(*) filter (where c.act in ('appeared', 'moved_in')) as appeared,
                   count(*) filter (where c.act in ('ended', 'moved_out')) as ended,
                   coalesce(jsonb_agg(jsonb_build_object(
                       'id', c.finding_id, 'act', c.act, 'part', c.part, 'at', c.at,
                       'family', c.of_family, 'layer', c.of_layer, 'subject_id', c.subject_id,
                       'main', c.main, 'severity', c.of_severity, 'certainty', c.of_certainty,
                       'district_id', c.district_id)
                       || case when c.main then jsonb_build_object('distance_band', c.distance_band)
                          else '{}' end
                       || case when c.severity_before is not null
                          then jsonb_build_object('severity_before', c.severity_before) else '{}' end
                       || case when c.cause_id is not null then jsonb_build_object('cause',
                              jsonb_build_object('layer', c.cause_layer, 'id', c.cause_id,
                                                 'act', c.cause_act)) else '{}' end
                       order by c.n) filter (where c.n > %(after)s and c.n <= %(after)s + %(limit)s),
                       '[]') as items
            from changes c group by c.list) x))

-- name: look
select api.look(%(purpose)s)

-- name: families
-- Of rules that are in force no more, too: what they found has gone.
select distinct family from api.rule where subjects <> '{}' order by 1
