-- name: districts
with made as (
    insert into data.dataset (layer, name, version) values ('districts', 'bench', 1) returning id)
insert into data.districts (dataset_id, source_id, name, geom)
select made.id, n::text, 'D' || n, st_multi(st_makeenvelope(500000 + n * 1000, 3400000,
    501000 + n * 1000, 3401000, data.working_srid()))
from made, generate_series(1, %(districts)s) n

-- name: cases
insert into data.hazard_case (state, family, source, category, grade, district_id, grid_id, org_id,
    main, main_orgs, place, place_words, description, due_at, found_at, entered_at, changed_at)
select (array['registered', 'assigned', 'rectifying', 'awaiting_verification', 'closed',
              'closed'])[1 + floor(random() * 6)],
       'report.other', 'report', 'other',
       (array['general', 'serious', 'major'])[1 + floor(random() * 3)],
       1 + n %% 12, 1 + n %% 600, 1 + n %% 300, n %% 5 = 0,
       case when n %% 5 = 0 then array[1 + n / 5 %% 4]::bigint[] else '{}' end,
       st_setsrid(st_makepoint(500500 + (n %% 12) * 1000, 3400500), data.working_srid()),
       '解放路' || n || '号' || (array['楼道', '地下车库', '沿街商铺'])[1 + n / 12 %% 3],
       '占用消防车通道，堆放杂物，未按要求整改', t.at + interval '7 days', t.at, t.at, t.at
from generate_series(1, %(cases)s) n
cross join lateral (select timestamptz '2026-08-01 02:00Z' + random() * interval '90 days'
                           + n * interval '0 s' as at) t

-- name: quiet
alter table data.hazard_act disable trigger user

-- name: acts
insert into data.hazard_act (case_id, version, act, from_state, to_state, at, day, entered_day, grade,
    district_id, org_id, family, due_at, role, by_orgs, said, before)
select c.id, v.n, 'made', v.before, v.state, c.found_at + v.n * interval '17 hours', d.day, d.day,
       c.grade, c.district_id, c.org_id, c.family, c.due_at, 'bench', '{}', '{}', '{}'
from data.hazard_case c
cross join (values (1, '', 'found'), (2, 'found', 'registered'), (3, 'registered', 'assigned'),
                   (4, 'assigned', 'awaiting_verification'),
                   (5, 'awaiting_verification', 'closed')) v (n, before, state)
cross join lateral (select (c.found_at + v.n * interval '17 hours')::date as day) d
where v.n <= case c.state when 'registered' then 2 when 'assigned' then 3 when 'rectifying' then 3
                          when 'awaiting_verification' then 4 else 5 end

-- name: loud
alter table data.hazard_act enable trigger user

-- name: unkept
insert into data.board_unkept select id from data.hazard_case

-- name: keep
select api.keep_board(10000000)

-- name: clean_hazard_case
vacuum analyze data.hazard_case

-- name: clean_hazard_act
vacuum analyze data.hazard_act

-- name: clean_kept
vacuum analyze data.board_case_day

-- name: clean_unkept
vacuum analyze data.board_unkept

-- name: floor
select c.* from data.hazard_case c
where c.district_id = %(district)s and c.grade = 'major'
  and c.state in ('registered', 'assessed', 'assigned', 'rectifying', 'awaiting_verification',
                  'returned', 'deferred')
order by c.due_at, c.id limit %(limit)s

-- name: floor_holds
select c.* from data.hazard_case c
where c.place_words like '%%地下车库%%' and c.place_words like %(words)s
order by c.found_at desc, c.id desc limit %(limit)s

-- name: board
select key, counts from api.board(%(day)s, 'district', 90, '09:00', '17:00')

-- name: ledger
select * from api.hazard_ledger(%(day)s::date - 29, %(day)s, 'district')

-- name: counted
select l.district_id, count(*), count(*) filter (where l.to_state = 'closed')
from (select distinct on (a.case_id) a.* from data.hazard_act a
      where a.entered_day <= %(day)s order by a.case_id, a.version desc) l
where l.to_state <> 'found'
group by l.district_id
