alter function data.permit_hits(geometry, float8, float8, text, numeric, float8)
    reset plan_cache_mode;
