-- name: alone
-- One screener at a time, be it of a step or of the whole city, until the transaction ends. Small
-- statements gain nothing from being compiled.
select pg_advisory_xact_lock(hashtext('gridwarden screening')),
       set_config('work_mem', '64MB', true), set_config('jit', 'off', true)

-- name: waiting
-- Whether something waits that can be judged, and whether the city ever was.
select exists (select from data.change where not stuck) and (g.ever or exists (
           select from data.rule where in_force)), g.ever
from (select exists (select from data.judged_group) as ever) g

-- name: needs_whole
-- What no step mends: changes set aside, and rules that turned.
select exists (select from data.change where stuck)
    or exists (select from data.judged_group where mark = 'turned')

-- name: may_screen
select has_function_privilege('api.queue_screen()', 'execute')

-- name: hold_rules
-- From here to the end of the transaction nobody publishes.
select pg_advisory_xact_lock_shared(hashtext('gridwarden rules'))

-- name: clear
select data.clear_step()

-- name: take
-- What this step sees. Changes that are committed later stay in the queue, and come back to it when
-- this transaction fails.
-- Small transactions go first: one edit does not wait for a thousand that were written together.
with waiting as (
    select id, count(*) over (partition by xid) as together
    from data.change where not bulk and not stuck
), next as (
    select c.id from data.change c join waiting w on w.id = c.id
    order by w.together, c.id limit %(most)s
    for update of c skip locked
), taken as (
    delete from data.change c using next where c.id = next.id
    returning c.id, c.layer, c.feature_id, c.xid, c.rows, c.old_geom, c.new_geom, c.at
), kept as (
    insert into data.change_seen (layer, feature_id, xid, rows, old_geom, new_geom)
        select layer, feature_id, xid, rows, old_geom, new_geom from taken)
select count(*), min(at), min(id) from taken

-- name: take_slice
select data.take_slice(%(features)s)

-- name: count_again
-- The planner is told of many, and when they are gone.
select data.count_again()

-- name: warm
-- The first length on the ground that a connection measures costs it a tenth of a second.
select data.ground_length_m(m.geom) from data.gas_pipelines m limit 1

-- name: layers
select layer, count(distinct subject_id) from data.again group by layer

-- name: now
-- Whether rules changed of which the screening is still to come; the layers that the changes of this
-- step are of; and what statements are composed of besides code: rules in force, figures, and
-- datasets whose places nobody measures from.
select exists (select from data.judged_group where mark = 'turned'),
       array(select distinct c.layer from data.change_seen c),
       array(select r.id from data.rule r where r.in_force order by r.id), data.packs_in_force(),
       array(select d.id from data.dataset d where d.crs = 'bd09' order by d.id)

-- name: differs
select exists (select from data.difference)

-- name: for_all
-- Every family judges them: rules changed, too.
insert into data.again (layer, subject_id) select distinct layer, subject_id from data.again

-- name: together
select family, layer, counterparts from data.judged_together()

-- name: concerns
select layer, sql from data.concerns()

-- name: statements
select name, family, layer, kind, rule_ids, sql from data.statements_again()

-- name: keep
insert into data.screen_step (changes, slice, subjects, added, changed, ended, lag_s, seconds)
values (%(changes)s, %(slice)s, %(subjects)s, %(added)s, %(changed)s, %(ended)s,
        extract(epoch from clock_timestamp() - %(oldest)s::timestamptz)::float8, %(seconds)s)
returning id, lag_s

-- name: set_aside
update data.change set stuck = true where id = %(change)s

-- name: set_aside_of_slice
-- The next feature of a large statement gets a line of its own, and the slices go on behind it.
insert into data.change (layer, feature_id, op, old_geom, new_geom, stuck)
select layer, feature_id, 'update', old_geom, new_geom, true from data.change_seen

-- name: listen
listen gridwarden_change

-- name: forget_steps
-- All but the newest: it says when the city was screened last.
delete from data.screen_step s
where s.at < now() - interval '31 days' and s.id < (select max(n.id) from data.screen_step n)
