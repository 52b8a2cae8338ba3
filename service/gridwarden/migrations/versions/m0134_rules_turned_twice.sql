-- Between a publication and its screening, whatever changes is judged by the new rules already. Were
-- the rules then turned back before that screening came, their marks were those of the last one again:
-- nothing was judged, and what had been found in between stayed.

-- Whenever the rules turn: every family on a layer that is judged otherwise now than it was judged last
-- (or is judged no more, or was not) has no mark that any rules have, until it has been judged as a whole.
create function data.unmark_turned() returns void
    language sql volatile set search_path = pg_catalog, public, pg_temp as
$$
    with now as materialized (select family, layer, mark from data.judging_marks()
    ), turned as (
        update data.judged_group g set mark = 'turned'
        where not exists (select from now n where n.family = g.family and n.layer = g.layer and n.mark = g.mark))
    insert into data.judged_group (family, layer, mark)
    select n.family, n.layer, 'turned' from now n
    -- a city that was never screened has no marks at all
    where exists (select from data.judged_group)
    on conflict (family, layer) do nothing
$$;
comment on function data.unmark_turned() is
    'In the transaction that turns the rules, which holds the lock that a screener needs to judge.';
revoke all on function data.unmark_turned() from public;

select data.patch('data.turn_rules(date)', jsonb_build_array(jsonb_build_array(
$w$        perform data.look_again_at_mains();
$w$,
$w$        perform data.look_again_at_mains();
        perform data.unmark_turned();
$w$)));
