-- A table cannot be cut off while somebody reads it, and a backup reads all there are, for as long as it
-- takes. Then its rows are deleted one by one: no edit waits for that, and neither waits for the other.
create function data.empty_at_once(tables text[]) returns void
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
declare
    one text;
begin
    foreach one in array tables loop
        begin
            execute format('lock table data.%I in access exclusive mode nowait', one);
            execute format('truncate data.%I', one);
        exception when lock_not_available then
            execute format('delete from data.%I', one);
        end;
    end loop;
end
$$;
comment on function data.empty_at_once(text[]) is 'For the tables that screening works with, by name.';

select data.patch('data.clear_step()', jsonb_build_array(jsonb_build_array(
$w$        truncate data.again, data.judged, data.difference, data.change_seen;
$w$,
$w$        perform data.empty_at_once('{again,judged,difference,change_seen}');
$w$)));

revoke all on function data.empty_at_once(text[]) from public;
grant execute on function data.empty_at_once(text[]) to gridwarden_screen;
