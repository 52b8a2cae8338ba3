-- Findings that were numbered one after the other told everybody how many there are, those of mains
-- among them that they may not see, and by the gap between two of their own how many came in between.
-- A number is drawn by chance: fifteen digits, which a spreadsheet and JavaScript hold exactly, of which
-- no one-after-the-other will ever be one. Findings that are there keep theirs: links to them hold, and
-- they tell of nothing that comes.
create function data.new_finding_id() returns bigint
    language plpgsql volatile set search_path = pg_catalog, pg_temp as
$$
declare
    drawn bigint;
begin
    loop
        -- the last twelve digits of a UUID are chance alone, by the server's strong source
        drawn := 100000000000000 + ('x' || right(gen_random_uuid()::text, 12))::bit(48)::bigint;
        -- this sees what its own statement has written so far, too
        exit when not (exists (select from data.finding f where f.id = drawn)
                       or exists (select from data.finding_past p where p.id = drawn));
    end loop;
    return drawn;
end
$$;
alter table data.finding alter id drop identity;
alter table data.finding alter id set default data.new_finding_id();
comment on column data.finding.id is
    'By chance: a number tells nothing of other findings. Of one that has ended it is never given again.';

revoke all on function data.new_finding_id() from public;
grant execute on function data.new_finding_id() to gridwarden_screen;
