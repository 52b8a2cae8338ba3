-- name: many
-- Findings anywhere in 60 km by 60 km, every hundredth on an edge of cells, one in 50 in a corner.
insert into data.finding (family, layer, subject_id, main_id, severity, certainty, x, y, reason)
select (array['building_spacing', 'shed_near_building', 'shed_in_fire_lane'])[1 + n %% 3], 'buildings',
       n, null, (array['general', 'serious', 'major'])[1 + n %% 7 %% 3],
       (array['certain', 'possible'])[1 + n %% 5 %% 2],
       case when n %% 100 < 3 then 500 * floor(x / 500) else x end,
       case when n %% 100 in (1, 2, 3) then 500 * floor(y / 500) else y end, 'data'
from (select n, 512000 + random() * 60000 as x, 3421000 + random() * 60000 as y
      from generate_series(1, %(findings)s) n) place
