-- A batch counts from the day on which it is opened, with nothing in it, too.
create or replace view api.batch_total as
    select k.code as kind, k.place, k.retired,
           (select count(*) from data.batch b where b.kind = k.code)::integer as batches,
           count(i.id)::integer as items, count(distinct i.case_id)::integer as cases,
           count(distinct coalesce('org ' || i.org_id, i.unit))::integer as units,
           coalesce(sum(i.amount_cny), 0)::numeric as amount_cny
    from data.batch_kind k
    left join api.batch_item i on i.kind = k.code and i.removed_at is null
    group by k.code, k.place, k.retired;
