-- Where a city has many mains, the plan for any ground looks dearer to the planner than one for this
-- ground and its planning, and so it planned anew at every question. Either reads by main_piece_geom.
alter function data.permit_hits(geometry, float8, float8, text, numeric, float8)
    set plan_cache_mode = force_generic_plan;
