-- What a kind of batch comes to stands in its batches alone; a programme's measure that the office's
-- definitions tie to a kind reads it there, as the batches were by the end of a day.

-- `told`: [{"programme", "measure", "kind", "money"}]. An entry counts from the day on which it was
-- entered to the one before that on which it was taken out; of money, those with an amount.
create function data.batch_standing(upto date, told jsonb) returns table (
    programme text, measure text, id bigint, quantity numeric, day date)
    language sql stable as
$$
    select t.programme, t.measure, i.id, case when t.money then i.amount_cny else 1 end, i.day
    from jsonb_to_recordset(told) t (programme text, measure text, kind text, money boolean)
    join data.batch b on b.kind = t.kind
    join data.batch_item i on i.batch_id = b.id
    where i.entered_day <= upto and (i.amount_cny is not null or not t.money)
      and (i.removed_at is null or data.reporting_day(i.removed_at) > upto)
$$;

drop function api.programme_figures(date);
create function api.programme_figures(upto date, batches jsonb) returns table (
    programme text, measure text, quantity numeric, at_least boolean, records bigint, last_day date)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select s.programme, s.measure, sum(s.quantity), bool_or(s.at_least), count(*), max(s.day)
    from (
        select r.programme, r.measure, r.quantity, r.at_least, r.day
        from data.programme_standing(upto) r
        where not exists (
            select from jsonb_to_recordset(batches) t (programme text, measure text)
            where t.programme = r.programme and t.measure = r.measure)
        union all
        select b.programme, b.measure, b.quantity, false, b.day
        from data.batch_standing(upto, batches) b
    ) s
    group by s.programme, s.measure order by 1, 2
$$;

-- The entries behind such a measure, and what each counts; api.batch_item says who sees more of them.
create function api.programme_entries(upto date, batches jsonb) returns table (
    id bigint, quantity numeric)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$ select b.id, b.quantity from data.batch_standing(upto, batches) b $$;

revoke all on function data.batch_standing(date, jsonb), api.programme_figures(date, jsonb),
    api.programme_entries(date, jsonb) from public;
grant execute on function api.programme_figures(date, jsonb), api.programme_entries(date, jsonb)
    to gridwarden_supervisor, gridwarden_planner, gridwarden_inspector;
