-- Words of cases are found by an index that needs no extension, no dictionary and no locale: each pair of
-- neighbouring letters of what a case says, so that two Chinese characters are enough.
create function api.word_pairs(said text) returns text[]
    language sql immutable strict parallel safe cost 1000 set search_path = pg_catalog, pg_temp as
$$
    select coalesce(array_agg(distinct p.pair collate "C"), '{}')
    from (select u.letter || lead(u.letter) over (order by u.n) as pair
          from unnest(string_to_array(said, null)) with ordinality u (letter, n)) p
    where strpos(p.pair, ' ') = 0
$$;
create index hazard_case_pairs on data.hazard_case using gin (api.word_pairs(search)) with (fastupdate = off);
create index hazard_case_numbers on data.hazard_case (hazard_no text_pattern_ops);

-- What the caller may be told in words: the cases of api.hazard_case that are not veiled.
create view api.hazard_words as
    select v.id, h.search as told, api.word_pairs(h.search) as pairs
    from api.hazard_case v join data.hazard_case h on h.id = v.id
    where not v.veiled;

-- Whether over 2,000 cases of the city seem to hold these words (in small letters), or have a number
-- that begins so: then a list is read in its own order until its page is full, and not by the index.
-- It counts all cases, because it tells of none.
create function api.words_crowd(said text) returns boolean
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select api.word_pairs(said) = '{}'
        or (select count(*) from (
                select from data.hazard_case h
                where api.word_pairs(h.search) @> api.word_pairs(said) limit 2001) n) > 2000
        or said !~ '[^0-9]' and (select count(*) from (
                select from data.hazard_case h
                where h.hazard_no ~>=~ said and h.hazard_no ~<~ (said || ':') limit 2001) n) > 2000
$$;

revoke all on function api.word_pairs(text), api.words_crowd(text) from public;
grant execute on function api.word_pairs(text), api.words_crowd(text) to gridwarden_utility,
    gridwarden_supervisor, gridwarden_planner, gridwarden_warden, gridwarden_inspector,
    gridwarden_contractor;
grant select on api.hazard_words to gridwarden_utility, gridwarden_supervisor, gridwarden_planner,
    gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
