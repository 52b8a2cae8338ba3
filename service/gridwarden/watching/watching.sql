-- name: metrics
select api.metrics()

-- name: waiting
-- For the owner: how long the oldest change waits (s), how many do, how many were set aside; whether
-- a worker has lately given a sign of life, and whether it is screening: a large import takes a while.
select coalesce(extract(epoch from clock_timestamp() - min(c.at) filter (where not c.stuck)), 0)::float8,
       count(*) filter (where not c.stuck),
       count(*) filter (where c.stuck),
       exists (select from jobs.procrastinate_workers w
               where w.last_heartbeat > clock_timestamp() - interval '1 minute'),
       exists (select from data.screen_step s where s.at > clock_timestamp() - interval '1 minute')
       or exists (select from data.job j where j.kind = 'screen' and j.state = 'running')
from data.change c

-- name: lag
-- The longest that a change waited to be screened, of the last five minutes (s); null without any.
select max(s.lag_s) from data.screen_step s where s.at > clock_timestamp() - interval '5 minutes'

-- name: ready
select tables, writes, worker from api.readiness()
