-- name: districts
-- Where the city is, 2 km wider: its mains and roads reach a little over its border.
select st_asbinary(st_simplifypreservetopology(
    st_buffer(st_collect(st_simplify(geom, 50, true)), 2000, 'quad_segs=2'), 20))
from data.districts

-- name: districts_seen
select st_asbinary(st_simplifypreservetopology(
    st_buffer(st_collect(st_simplify(geom, 50, true)), 2000, 'quad_segs=2'), 20))
from api.districts

-- name: before
-- What the same sender (an organisation, else a person) said of such files of the same dataset: one
-- that brings the files of many, of one form, has whose coordinates they are told of each. A local
-- system is named anew each time.
select distinct on (i.claim) i.claim, i.crs, i.id, coalesce(i.answered_by, i.person, '')
from data.import i
join data.import me on me.id = %(id)s
where i.claim is not null and i.crs = i.ask ->> 'crs' and i.crs not like 'local:%%'
  and i.state in ('published', 'unchanged', 'checked')
  and i.layer = me.layer and i.dataset = me.dataset
  and case when me.org_id is null then i.org_id is null and i.person = me.person
           else i.org_id = me.org_id end
order by i.claim, i.id desc
limit 200

-- name: read_as
update data.import set crs = %(crs)s, because = %(because)s, claim = %(claim)s where id = %(id)s

-- name: held_for
update data.import
set state = 'held', crs = null, because = %(because)s, claim = %(claim)s, notes = %(notes)s,
    question = %(question)s, say = %(say)s
where id = %(id)s and state in ('queued', 'running')
returning id

-- name: removal
-- The other question: how many rows of the dataset may go.
update data.import set question = jsonb_build_object('kind', 'remove', 'n', removed)
where id = %(id)s and state = 'held'
