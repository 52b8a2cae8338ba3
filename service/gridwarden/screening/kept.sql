-- name: in_mains
-- Families that any rule ever judged against mains.
select distinct family from data.rule
where counterpart = 'gas_pipelines' or 'gas_pipelines' = any (subjects)

-- name: kept
-- Newest first.
select jsonb_build_object('id', id, 'at', at, 'reason', reason, 'role', role,
           'proposal', proposal, 'packs_before', packs_before, 'packs_after', packs_after,
           'changes', changes, 'statements', statements, 'of_statements', of_statements,
           'seconds', seconds, 'counts', counts)
from api.screening
where id < %(before)s
order by id desc limit %(limit)s
