-- A city that is large enough for the planner to have a choice, as it lies after a screening: made by
-- sets, past the triggers that remember and queue. Metres from a corner of the working plane.
alter table data.gas_pipelines disable trigger a_remember_insert;
alter table data.buildings disable trigger a_remember_insert;
alter table data.charging_sheds disable trigger a_remember_insert;
alter table data.estates disable trigger a_remember_insert;

insert into data.dataset (layer, name, version)
select l, 'many', 1 from unnest(array['gas_pipelines', 'buildings', 'charging_sheds', 'estates']) l;

-- 250 rows of two mains of 2,520 m, and as many thousands far away of which no piece is read
insert into data.gas_pipelines (dataset_id, source_id, pressure_class, od_mm, accuracy_m, geom)
select d.id, n::text, (array['L', 'MB', 'MA', 'SHB'])[1 + n % 4], 200, 0.3,
       st_multi(st_setsrid(st_makeline(st_makepoint(x, y), st_makepoint(x + 2520, y)), data.working_srid()))
from data.dataset d, generate_series(0, 499) n,
     lateral (select 500000 + 2550 * (n % 2) as x, 3400000 + 40 * (n / 2) as y) at
where d.layer = 'gas_pipelines' and d.name = 'many';
alter table data.gas_pipelines disable trigger b_cut_insert;
insert into data.gas_pipelines (dataset_id, source_id, pressure_class, od_mm, accuracy_m, geom)
select d.id, n::text, 'L', 200, 0.3,
       st_multi(st_setsrid(st_makeline(st_makepoint(560000, 3400000 + n), st_makepoint(560060, 3400000 + n)),
                           data.working_srid()))
from data.dataset d, generate_series(500, 15999) n
where d.layer = 'gas_pipelines' and d.name = 'many';

-- 100 buildings along each row, 0 to 16 m north of it
insert into data.buildings (dataset_id, source_id, accuracy_m, geom)
select d.id, n::text, (array[0.2, 1, 5])[1 + n % 3],
       st_multi(st_makeenvelope(x, y, x + 12, y + 12, data.working_srid()))
from data.dataset d, generate_series(0, 24999) n,
     lateral (select 500000 + 51 * (n % 100) as x, 3400000 + 40 * (n / 100) + (n % 17) as y) at
where d.layer = 'buildings' and d.name = 'many';

insert into data.estates (dataset_id, source_id, accuracy_m, geom)
select d.id, n::text, 0.3, st_multi(st_makeenvelope(x, y, x + 90, y + 90, data.working_srid()))
from data.dataset d, generate_series(0, 3999) n,
     lateral (select 500000 + 120 * (n % 43) as x, 3400000 + 110 * (n / 43) as y) at
where d.layer = 'estates' and d.name = 'many';

insert into data.charging_sheds (dataset_id, source_id, accuracy_m, geom)
select d.id, n::text, 0.3, st_setsrid(st_makepoint(500000 + 60 * (n % 86), 3400000 + 110 * (n / 86) + 53),
                                      data.working_srid())
from data.dataset d, generate_series(0, 5999) n
where d.layer = 'charging_sheds' and d.name = 'many';

alter table data.gas_pipelines enable trigger a_remember_insert;
alter table data.gas_pipelines enable trigger b_cut_insert;
alter table data.buildings enable trigger a_remember_insert;
alter table data.charging_sheds enable trigger a_remember_insert;
alter table data.estates enable trigger a_remember_insert;

-- A finding of each building and the main of its row, and 200 estates without a shed.
insert into data.finding (family, layer, subject_id, main_id, severity, certainty, distance_band,
    org_id, x, y, reason)
select 'main_encroachment', 'buildings', b.id, m.id,
       (array['major', 'serious', 'general'])[1 + b.id % 3], 'certain', '0-5', 1,
       st_x(st_centroid(b.geom)), st_y(st_centroid(b.geom)), 'data'
from data.buildings b
join data.gas_pipelines m
    on m.source_id = (2 * (b.source_id::int / 100) + b.source_id::int % 100 / 50)::text
union all
select 'estate_without_shed', 'estates', e.id, null, 'general', 'certain', null, null,
       st_x(st_centroid(e.geom)), st_y(st_centroid(e.geom)), 'data'
from data.estates e where e.source_id::int % 20 = 0;
insert into data.finding_exact (finding_id, pack, pack_version, rule, row_id, clause, edition, verified,
    counterpart_layer, counterpart_id, distance_m, missing, assumed, told)
select f.id, r.pack, r.version, r.rule, r.row_id, '', '', false,
       case when f.main_id is not null then 'gas_pipelines' end, f.main_id,
       case when f.main_id is not null then 1 end, '{}', '{}', '{}'
from data.finding f
join (select distinct on (r.family) r.family, r.pack, r.version, r.rule, w.id as row_id
      from data.rule r join data.rule_row w on w.rule_id = r.id
      where r.in_force order by r.family, w.id) r on r.family = f.family;

insert into data.event (topic, act, subject, finding_id, family, layer, subject_id, main_id, severity,
    certainty, org_id, x, y, seq)
select 'finding', 'appeared', 'finding ' || f.id, f.id, f.family, f.layer, f.subject_id, f.main_id,
       f.severity, f.certainty, f.org_id, f.x, f.y, row_number() over (order by f.id)
from data.finding f;
update data.event_clock set last = (select max(e.seq) from data.event e);

insert into data.judged_group (family, layer, mark) select family, layer, mark from data.judging_marks();

-- 12,000 hazard cases with two acts each: 60 of an organisation and of a grid, a tenth of a company's mains.
alter table data.hazard_act disable trigger user;
insert into data.hazard_case (hazard_no, place_words, description, state, family, source, category, grade,
    district_id, grid_id, org_id, main, main_orgs, place, due_at, found_at, entered_at, changed_at)
select '42010220260801' || lpad(n::text, 5, '0'),
       '解放路' || n || '号' || (array['楼道', '地下车库', '沿街商铺'])[1 + n % 3], '堆放杂物，占用消防车通道',
       (array['registered', 'assigned', 'closed'])[1 + n % 3], 'report.other', 'report', 'other',
       (array['general', 'serious', 'major'])[1 + n / 3 % 3], 1 + n % 12, 1 + n % 200, 1 + n / 200 % 200,
       n % 10 = 3, case when n % 10 = 3 then '{1}'::bigint[] else '{}' end,
       st_setsrid(st_makepoint(500000 + n % 100, 3400000 + n / 100), data.working_srid()),
       t.at + interval '7 days', t.at, t.at, t.at
from generate_series(0, 11999) n,
     lateral (select timestamptz '2026-08-01 02:00Z' + n * interval '7 minutes' as at) t;
insert into data.hazard_act (case_id, version, act, from_state, to_state, at, day, entered_day, grade,
    district_id, org_id, family, due_at, role, by_orgs, said, before)
select c.id, v.n, 'made', case v.n when 1 then '' else 'found' end,
       case v.n when 1 then 'found' else c.state end, c.found_at + v.n * interval '1 hour',
       c.found_at::date, c.found_at::date, c.grade, c.district_id, c.org_id, c.family, c.due_at,
       'test', '{}', '{}', '{}'
from data.hazard_case c, generate_series(1, 2) v (n);
alter table data.hazard_act enable trigger user;
insert into data.board_unkept select c.id from data.hazard_case c;
select api.keep_board(1000000);
