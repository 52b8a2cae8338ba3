-- A judgement is of the subject as it was then: while an edit of it waits for the screener, nothing is
-- closed by the one before.
create or replace function data.judged_again(c data.hazard_case) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select c.standing is null
        or exists (select from data.hazard_rejudge r
                   where r.case_id = c.id and r.version = c.version
                     and not exists (select from data.change h where h.id = r.change_id))
           and not exists (select from data.change h
                           where h.layer = c.layer and h.feature_id = c.subject_id)
$$;
