-- name: matching
select data.make_matching(%(layer)s, %(dataset_id)s, %(columns)s)

-- name: pairs
-- Which rows of the dataset and of the file may be one thing. Only shapes whose boxes have nearly
-- one middle are compared, by an index from either side. Where a crowd lies so near, nobody could
-- tell, and nobody is compared.
insert into pg_temp.pairs (id, row_no, by, distance_m)
with of_was as materialized (
    select w.id, array(select c.row_no from pg_temp.comes c
                       where st_dwithin(c.at, w.at, %(reach)s) limit %(crowd)s + 1) as near
    from pg_temp.was w),
of_comes as materialized (
    select c.row_no, array(select w.id from pg_temp.was w
                           where st_dwithin(w.at, c.at, %(reach)s) limit %(crowd)s + 1) as near
    from pg_temp.comes c),
both_ways as (
    select o.id, n.row_no from of_was o cross join unnest(o.near) n(row_no)
    where cardinality(o.near) <= %(crowd)s
    union
    select n.id, o.row_no from of_comes o cross join unnest(o.near) n(id)
    where cardinality(o.near) <= %(crowd)s),
measured as materialized (
    select p.id, p.row_no, w.attributes = c.attributes as attributes, w.key = c.key as key,
           data.apart_m(w.geom, c.geom) as apart
    from both_ways p
    join pg_temp.was w on w.id = p.id
    join pg_temp.comes c on c.row_no = p.row_no
    where p.id not in (select o.id from of_was o where cardinality(o.near) > %(crowd)s)
      and p.row_no not in (select o.row_no from of_comes o where cardinality(o.near) > %(crowd)s))
select m.id, m.row_no, k.by, m.apart
from measured m
cross join lateral (values ('shape', m.apart <= 0.001), ('attributes', m.attributes),
                           ('key', m.key)) k(by, fits)
where k.fits and m.apart <= %(near)s

-- name: pairs_without_places
-- In a layer without places only code and name can tell.
insert into pg_temp.pairs (id, row_no, by)
select w.id, c.row_no, 'key' from pg_temp.was w join pg_temp.comes c on c.key = w.key
where (select count(*) from pg_temp.was o where o.key = w.key) = 1
  and (select count(*) from pg_temp.comes o where o.key = w.key) = 1

-- name: match
-- One of the dataset and one of the file that have nobody else are one thing; two candidates are
-- none. The sequence of the rules matters: what is known by its shape is no candidate any more.
insert into pg_temp.matched (id, row_no, by, distance_m)
select p.id, p.row_no, p.by, p.distance_m
from (select p.*, count(*) over (partition by p.id) as n_row, count(*) over (partition by p.row_no) as n_id
      from pg_temp.pairs p
      where p.by = %(by)s
        and not exists (select from pg_temp.matched m where m.id = p.id)
        and not exists (select from pg_temp.matched m where m.row_no = p.row_no)) p
where p.n_row = 1 and p.n_id = 1

-- name: known_again
update pg_temp.staging s set known_as = w.source_id
from pg_temp.matched m join pg_temp.was w on w.id = m.id
where s.row_no = m.row_no

-- name: refused_known_again
-- A rejected row without an identity keeps, too, what stands where it would stand.
update data.quarantine q set source_id = w.source_id
from pg_temp.refused r
cross join lateral (
    select w.source_id from pg_temp.was w
    where st_dwithin(w.at, st_centroid(st_envelope(r.geom)), 0.002)
      and data.apart_m(w.geom, r.geom) <= 0.001
      and not exists (select from pg_temp.matched m where m.id = w.id)
    order by w.id limit 1) w
where q.import_id = %(id)s and q.row = r.row_no and q.source_id is null

-- name: forget_matches
delete from data.identity_match where import_id = %(id)s

-- name: keep_matches
insert into data.identity_match (import_id, feature_id, by, distance_m)
select %(id)s, m.id, m.by, m.distance_m from pg_temp.matched m

-- name: difference
-- What the new version would do; unchanged rows are not in it. A row whose new version is in
-- quarantine stays as it was: it must not disappear because somebody mistyped a date. A shape that
-- another program wrote to the millimetre is the same shape; a version that comes back comes
-- exactly.
insert into pg_temp.difference (id, row_no, op)
select d.id, s.row_no,
       case when d.id is null then 'insert' when s.row_no is null then 'delete'
            else 'update' end as op
from (select * from {layer} where dataset_id = %(dataset_id)s) d
full join pg_temp.staging s on coalesce(s.known_as, s.source_id) = d.source_id
where d.id is null
   or (s.row_no is null and not %(partial)s and not exists (
        select from data.quarantine q
        where q.import_id = %(id)s and q.source_id = d.source_id))
   or (s.row_no is not null
       and (({old}) is distinct from ({new})
            or not (d.geom is not distinct from s.geom
                    or not %(exact)s and data.same_place(d.geom, s.geom))
            or %(exact)s and d.source_id <> s.source_id))

-- name: kept
select count(distinct d.id) from {layer} d
join data.quarantine q on q.source_id = d.source_id and q.import_id = %(id)s
where d.dataset_id = %(dataset_id)s
  and not exists (select from pg_temp.staging s
                  where coalesce(s.known_as, s.source_id) = d.source_id)

-- name: there
select count(*) from {layer} where dataset_id = %(dataset_id)s

-- name: counts
select count(*) filter (where op = 'insert'), count(*) filter (where op = 'update'),
       count(*) filter (where op = 'delete')
from pg_temp.difference

-- name: forget_changes
delete from data.import_change where import_id = %(id)s

-- name: keep_changes
-- Of each operation alike, as many as there is room for.
insert into data.import_change (import_id, n, op, feature_id, source_id, org_id, before, after, changed)
with chosen as (
    select f.*, row_number() over (order by nth, op) as n
    from (select f.*, row_number() over (partition by f.op order by f.row_no, f.id) as nth
          from pg_temp.difference f) f
    order by nth, op limit %(limit)s)
select %(id)s, f.n, f.op, f.id, coalesce(s.source_id, d.source_id), coalesce(d.org_id, s.org_id),
       d.geom, s.geom,
       (select coalesce(jsonb_object_agg(key, jsonb_build_array(o.value, n.value)), '{{}}')
        from jsonb_each((select to_jsonb(v) from (select {old}) v)) o
        full join jsonb_each((select to_jsonb(v) from (select {new}) v)) n using (key)
        where coalesce(nullif(o.value, '{{}}'), 'null')
              is distinct from coalesce(nullif(n.value, '{{}}'), 'null'))
from chosen f
left join pg_temp.staging s on s.row_no = f.row_no
left join {layer} d on d.id = f.id
