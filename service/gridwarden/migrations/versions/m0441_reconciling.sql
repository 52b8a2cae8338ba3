-- 对账: lists that others keep, their rows, and which row is which case. All comparing is done here,
-- over the cases that the caller may see (api.hazard_case) and no others: a score tells nothing of a
-- case, and of its place, that the list of cases would not.

-- A place's words as they are compared: one width, lower case, Chinese numerals as digits, the many
-- words for a building's number left out, punctuation as spaces. 阳光小区三号楼, 阳光小区3#楼 and
-- 阳光小区 3栋 are the same.
create function data.place_plain(said text) returns text
    language sql immutable parallel safe as
$$
    select btrim(regexp_replace(translate(regexp_replace(replace(
        regexp_replace(regexp_replace(regexp_replace(
            translate(lower(normalize(coalesce(said, ''), nfkc)),
                      '零〇○一二两三四五六七八九', '0001223456789'),
            '([1-9])十([0-9])', '\1\2', 'g'), '([1-9])十', '\10', 'g'), '十([1-9])', '1\1', 'g'),
        '十', '10'), '([0-9]) *(?:号楼|号院|号栋|#楼|#|栋|幢|座|楼|号)', '\1 ', 'g'),
        ',.;:!?()[]{}<>/\|-_~''"“”‘’、。·—…《》【】#@*+=&', repeat(' ', 41)), ' +', ' ', 'g'))
$$;

-- What two texts are compared by: each pair of neighbouring letters, and each number whole. Pairs
-- need no dictionary, no extension and no locale, and are what Chinese names differ by.
create function data.grams(plain text) returns text[]
    language sql immutable parallel safe as
$$
    select coalesce(array_agg(distinct g.gram), '{}')
    from (select '#' || n[1] as gram from regexp_matches(plain, '[0-9]+', 'g') n
          union all
          select substr(w, i, 2)
          from regexp_split_to_table(plain, '[0-9 ]+') w
          cross join generate_series(1, greatest(length(w) - 1, 1)) i
          where w <> '') g
$$;

create table data.their_list (
    id bigint generated always as identity primary key,
    role text not null default current_setting('role'),
    person text,
    org_ids bigint[] not null,
    sender text not null check (sender <> ''),
    district_id bigint,
    file_name text not null,
    sha256 text not null,
    columns jsonb not null,
    notes jsonb not null,
    from_on date,
    to_on date,
    brought_at timestamptz not null default clock_timestamp(),
    matched_at timestamptz
);
comment on table data.their_list is
    'A list that somebody else keeps, as it was brought. `sender`: whose it is; what was confirmed of '
    'one list of a sender is known in the next. `district_id`, `from_on`, `to_on`: which of our cases '
    'it should hold, so that only ours can be told.';

create table data.their_row (
    list_id bigint not null references data.their_list on delete cascade,
    number integer not null,
    external_no text,
    place_words text,
    category text,
    description text,
    grade text check (grade in ('general', 'serious', 'major')),
    state text check (state in ('open', 'closed')),
    found_on date,
    closed_on date,
    responsible text,
    person text,
    place geometry(Point, {srid}),
    plain text not null,
    key text not null,
    standing text not null default 'only'
        check (standing in ('only', 'proposed', 'confirmed', 'registered')),
    case_id bigint,
    score real,
    parts jsonb,
    decided_by text,
    decided_at timestamptz,
    primary key (list_id, number),
    check ((standing = 'only') = (case_id is null))
);
comment on table data.their_row is
    '`key`: by what the row is known again in the sender''s next list: its number, else its words, '
    'category and day. `parts`: the score of each thing that was compared, 0 to 1.';
create unique index their_row_of_case on data.their_row (list_id, case_id);

create table data.their_candidate (
    list_id bigint not null,
    number integer not null,
    case_id bigint not null,
    score real not null,
    parts jsonb not null,
    primary key (list_id, number, case_id),
    foreign key (list_id, number) references data.their_row on delete cascade
);

create table data.known_pair (
    sender text not null,
    key text not null,
    case_id bigint not null,
    same boolean not null,
    by text,
    at timestamptz not null default clock_timestamp(),
    primary key (sender, key, case_id)
);
comment on table data.known_pair is 'What a person said of a row and a case: the same, or not.';

create view api.their_list as
    select l.* from data.their_list l where api.is_mine(l.role, l.person, l.org_ids);
create view api.their_row as
    select r.* from data.their_row r join data.their_list l on l.id = r.list_id
    where api.is_mine(l.role, l.person, l.org_ids);
create view api.their_candidate as
    select c.* from data.their_candidate c join data.their_list l on l.id = c.list_id
    where api.is_mine(l.role, l.person, l.org_ids);

-- Keep a list and its rows; its number.
create function api.bring_list(list jsonb, rows jsonb) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    made bigint;
begin
    insert into data.their_list (person, org_ids, sender, district_id, file_name, sha256, columns,
                                 notes, from_on, to_on)
        values (api.person(), coalesce(api.my_orgs(), '{}'), list ->> 'sender',
                (list ->> 'district_id')::bigint, list ->> 'file_name', list ->> 'sha256',
                list -> 'columns', list -> 'notes', (list ->> 'from_on')::date, (list ->> 'to_on')::date)
        returning id into made;
    insert into data.their_row (list_id, number, external_no, place_words, category, description,
                                grade, state, found_on, closed_on, responsible, person, place, plain, key)
        select made, r.number, r.external_no, r.place_words, r.category, r.description, r.grade,
               r.state, r.found_on, r.closed_on, r.responsible, r.person,
               case when r.x is not null then st_setsrid(st_makepoint(r.x, r.y), {srid}) end, p.plain,
               coalesce('no ' || nullif(regexp_replace(lower(r.external_no), '\s', '', 'g'), ''),
                        md5(concat_ws('|', p.plain, r.category, r.found_on, r.description)))
        from jsonb_to_recordset(rows) r (number integer, external_no text, place_words text,
            category text, description text, grade text, state text, found_on date, closed_on date,
            responsible text, person text, x float8, y float8)
        cross join lateral (select data.place_plain(r.place_words)) p (plain);
    perform api.record('list_brought', 'lists/' || made,
                       jsonb_build_object('sender', list ->> 'sender', 'sha256', list ->> 'sha256'),
                       jsonb_array_length(rows));
    return made;
end
$$;

-- Score the rows of a list against the cases that the caller sees, and propose pairs: each row's best
-- case whose best row it is, again and again until none is left. What was confirmed stays.
-- `words`: by family, what people call it. `set`: weights, reach (m), days, and when a pair is one.
create function api.match_list(list bigint, words jsonb, set jsonb) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    l data.their_list;
    reach constant double precision := (set ->> 'reach_m')::float8;
    more bigint;
    pairs bigint := 0;
begin
    select t.* into l from data.their_list t
        where t.id = match_list.list and api.is_mine(t.role, t.person, t.org_ids) for update;
    if l.id is null then
        raise exception 'no such list' using errcode = 'GW404';
    end if;
    delete from data.their_candidate c where c.list_id = l.id;
    update data.their_row r set standing = 'only', case_id = null, score = null, parts = null
        where r.list_id = l.id and r.standing = 'proposed';

    insert into data.their_candidate (list_id, number, case_id, score, parts)
    with ours as materialized (
        select h.id, h.family, h.category, h.hazard_no, h.external_no,
               data.city_day(h.found_at) as found_on, data.grams(p.plain) as grams,
               case when not h.veiled then st_setsrid(st_makepoint(h.x, h.y), {srid}) end as place
        from api.hazard_case h
        cross join lateral (select data.place_plain(h.place_words)) p (plain)
        where (l.district_id is null or h.district_id = l.district_id) and h.duplicate_of is null
          and not exists (select from data.their_row r where r.list_id = l.id and r.case_id = h.id)
    ), theirs as materialized (
        select r.*, data.grams(r.plain) as grams
        from data.their_row r where r.list_id = l.id and r.standing = 'only'
    ), gram as materialized (
        select g.gram, count(*) as n, ln(1 + sum(count(*)) over () / count(*)) as weight
        from (select unnest(o.grams) as gram from ours o
              union all select unnest(t.grams) from theirs t) g
        group by g.gram
    ), ours_by as materialized (
        select o.id, u.gram, g.weight, g.n
        from ours o cross join unnest(o.grams) u (gram) join gram g using (gram)
    ), theirs_by as materialized (
        select t.number, u.gram, g.weight, g.n
        from theirs t cross join unnest(t.grams) u (gram) join gram g using (gram)
    ), ours_weight as materialized (select o.id, sum(o.weight) as whole from ours_by o group by o.id
    ), theirs_weight as materialized (
        select t.number, sum(t.weight) as whole from theirs_by t group by t.number
    ), maybe as materialized (
        -- by a part of the words that few have
        select w.number, w.id
        from (select t.number, o.id,
                     row_number() over (partition by t.number order by sum(t.weight) desc, o.id) as place
              from theirs_by t join ours_by o using (gram)
              where t.n <= greatest(40, (select count(*) from ours) / 20)
              group by t.number, o.id) w
        where w.place <= 40
        union
        -- by nearness: squares of the reach, and the eight around each
        select t.number, o.id
        from theirs t
        cross join generate_series(-1, 1) i cross join generate_series(-1, 1) j
        join ours o on floor(st_x(o.place) / reach) = floor(st_x(t.place) / reach) + i
                   and floor(st_y(o.place) / reach) = floor(st_y(t.place) / reach) + j
        where st_distance(o.place, t.place) <= reach
        union
        select t.number, o.id from theirs t
        join ours o on length(t.external_no) >= 5 and t.external_no in (o.hazard_no, o.external_no)
        union
        select t.number, o.id from theirs t
        join data.known_pair k on k.sender = l.sender and k.key = t.key and k.same
        join ours o on o.id = k.case_id
    ), kind as materialized (
        select c.theirs, c.family, c.category, least(1, 2.0 * c.alike / nullif(c.n, 0) / 0.6) as score
        from (select t.category as theirs, o.family, o.category,
                     cardinality(a.grams) + cardinality(b.grams) as n,
                     (select count(*) from unnest(a.grams) g where g = any (b.grams)) as alike
              from (select distinct category from theirs where category is not null) t
              cross join (select distinct family, category from ours) o
              cross join lateral (select data.grams(data.place_plain(t.category))) a (grams)
              cross join lateral (select data.grams(data.place_plain(
                  concat_ws(' ', o.category, words ->> o.family, words ->> o.category)))) b (grams)) c
    ), parts as (
        select m.number, m.id,
               case when cardinality(t.grams) > 0 and cardinality(o.grams) > 0 then
                   2 * coalesce(b.weight, 0) / (tw.whole + ow.whole)
                   * case when n.theirs > 0 and n.ours > 0 and n.alike = 0 then 0.5 else 1 end
               end as words,
               case when t.place is not null and o.place is not null
                    then greatest(0, 1 - st_distance(t.place, o.place) / reach) end as position,
               k.score as category,
               case when t.found_on is not null and o.found_on is not null
                    then 1 - least(1, abs(t.found_on - o.found_on) / (set ->> 'days')::float8) end as day,
               case when length(t.external_no) >= 5 and t.external_no in (o.hazard_no, o.external_no)
                    then 1 end as number_same,
               case when p.same then 1 end as known
        from maybe m
        join theirs t on t.number = m.number
        join ours o on o.id = m.id
        left join theirs_weight tw on tw.number = m.number
        left join ours_weight ow on ow.id = m.id
        left join kind k on k.theirs = t.category and k.family is not distinct from o.family
                        and k.category is not distinct from o.category
        left join data.known_pair p on p.sender = l.sender and p.key = t.key and p.case_id = o.id
        cross join lateral (select sum(x.weight) from theirs_by x
                            where x.number = m.number and x.gram = any (o.grams)) b (weight)
        cross join lateral (
            select count(*) filter (where x.gram like '#%'),
                   (select count(*) from unnest(o.grams) y where y like '#%'),
                   count(*) filter (where x.gram like '#%' and x.gram = any (o.grams))
            from unnest(t.grams) x (gram)) n (theirs, ours, alike)
        where p.same is distinct from false
    )
    select l.id, q.number, q.id, q.score,
           jsonb_strip_nulls(jsonb_build_object('words', round(q.words::numeric, 2),
               'position', round(q.position::numeric, 2), 'category', round(q.category::numeric, 2),
               'day', round(q.day::numeric, 2), 'number', q.number_same, 'known', q.known))
    from (select p.*, case when p.known = 1 then 1
                           when p.number_same = 1 then greatest(0.95, s.score) else s.score end as score,
                 row_number() over (partition by p.number order by coalesce(p.known, 0) desc,
                     coalesce(p.number_same, 0) desc, s.score desc, p.id) as place
          from parts p
          cross join lateral (
              select sum(v.weight * v.score) / nullif(sum(v.weight) filter (where v.score is not null), 0)
              from (values ((set ->> 'words')::float8, p.words), ((set ->> 'position')::float8, p.position),
                           ((set ->> 'category')::float8, p.category), ((set ->> 'day')::float8, p.day))
                  v (weight, score)
              where p.words is not null or p.position is not null) s (score)) q
    where q.place <= 8 and q.score >= (set ->> 'maybe')::float8;

    loop
        with free as materialized (
            select c.number, c.case_id, c.score, c.parts,
                   row_number() over (partition by c.number order by c.score desc, c.case_id) as of_row,
                   row_number() over (partition by c.case_id order by c.score desc, c.number) as of_case
            from data.their_candidate c
            join data.their_row r on r.list_id = c.list_id and r.number = c.number and r.standing = 'only'
            where c.list_id = l.id
              and not exists (select from data.their_row x
                              where x.list_id = l.id and x.case_id = c.case_id)
        )
        update data.their_row r
            set standing = 'proposed', case_id = f.case_id, score = f.score, parts = f.parts
            from free f
            where r.list_id = l.id and r.number = f.number and f.of_row = 1 and f.of_case = 1;
        get diagnostics more = row_count;
        exit when more = 0;
        pairs := pairs + more;
    end loop;
    -- what was confirmed in an earlier list of the sender need not be asked again
    update data.their_row r set standing = 'confirmed', decided_by = k.by, decided_at = k.at
        from data.known_pair k
        where r.list_id = l.id and r.standing = 'proposed' and k.sender = l.sender and k.key = r.key
          and k.case_id = r.case_id and k.same;
    update data.their_list t set matched_at = clock_timestamp() where t.id = l.id;
    return pairs;
end
$$;

-- Say of rows and cases that they are the same, or not: [{"row": 1, "case": 2, "same": true}]. How
-- many were taken. A row or case that another pair holds is 409.
create function api.decide_pairs(list bigint, said jsonb) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    whose text;
    n bigint;
begin
    select t.sender into whose from data.their_list t
        where t.id = decide_pairs.list and api.is_mine(t.role, t.person, t.org_ids) for update;
    if whose is null then
        raise exception 'no such list' using errcode = 'GW404';
    end if;
    if exists (select from jsonb_to_recordset(said) s ("row" integer, "case" bigint)
               left join data.their_row r on r.list_id = decide_pairs.list and r.number = s."row"
               left join api.hazard_case h on h.id = s."case"
               where r.number is null or h.id is null) then
        raise exception 'no such row or case' using errcode = 'GW404';
    end if;
    if exists (select from jsonb_to_recordset(said) s ("row" integer, "case" bigint, same boolean)
               join data.their_row r on r.list_id = decide_pairs.list and s.same
                and (r.number = s."row" and r.case_id <> s."case"
                     or r.number <> s."row" and r.case_id = s."case")
                and r.standing in ('confirmed', 'registered')) then
        raise exception 'the row or the case is confirmed with another one: take that back first'
            using errcode = 'GW409';
    end if;
    insert into data.known_pair (sender, key, case_id, same, by)
        select distinct on (r.key, s."case") whose, r.key, s."case", s.same, api.person()
        from jsonb_to_recordset(said) s ("row" integer, "case" bigint, same boolean)
        join data.their_row r on r.list_id = decide_pairs.list and r.number = s."row"
        order by r.key, s."case", s.same
        on conflict (sender, key, case_id)
            do update set same = excluded.same, by = excluded.by, at = clock_timestamp();
    -- a proposed pair gives way to a confirmed one
    update data.their_row r set standing = 'only', case_id = null, score = null, parts = null,
                                decided_by = null, decided_at = null
        from jsonb_to_recordset(said) s ("row" integer, "case" bigint, same boolean)
        where r.list_id = decide_pairs.list and r.standing <> 'registered'
          and case when s.same then r.case_id = s."case" and r.number <> s."row"
                   else r.number = s."row" and r.case_id = s."case" end;
    update data.their_row r set standing = 'confirmed', case_id = s."case", decided_by = api.person(),
                                decided_at = clock_timestamp(),
                                score = coalesce(c.score, r.score), parts = coalesce(c.parts, r.parts)
        from jsonb_to_recordset(said) s ("row" integer, "case" bigint, same boolean)
        left join data.their_candidate c on c.list_id = decide_pairs.list and c.number = s."row"
                                        and c.case_id = s."case"
        where r.list_id = decide_pairs.list and r.number = s."row" and s.same
          and r.standing <> 'registered';
    select jsonb_array_length(said) into n;
    perform api.record('pairs_decided', 'lists/' || decide_pairs.list, '{}', n);
    return n;
end
$$;

-- A case was made of a row that only they had.
create function api.row_registered(list bigint, number integer, made bigint) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    l data.their_list;
begin
    select t.* into l from data.their_list t
        where t.id = row_registered.list and api.is_mine(t.role, t.person, t.org_ids) for update;
    update data.their_row r set standing = 'registered', case_id = made, decided_by = api.person(),
                                decided_at = clock_timestamp(), score = null, parts = null
        where r.list_id = l.id and r.number = row_registered.number and r.standing in ('only', 'proposed')
          and exists (select from api.hazard_case h where h.id = made);
    if not found then
        raise exception 'the row is no longer only theirs' using errcode = 'GW409';
    end if;
    insert into data.known_pair (sender, key, case_id, same, by)
        select l.sender, r.key, made, true, api.person()
        from data.their_row r where r.list_id = l.id and r.number = row_registered.number
        on conflict (sender, key, case_id) do nothing;
end
$$;

-- A hazard whose spot nobody wrote down stands in the district, or the grid, that its reporter names;
-- that it is theirs to report there is checked as for all.
select data.patch('api.report_case(jsonb)', jsonb_build_array(jsonb_build_array(
$w$        select g.district_id, g.grid_id into c.district_id, c.grid_id from data.ground_of(c.place) g;
$w$,
$w$        if c.place is not null then
            select g.district_id, g.grid_id into c.district_id, c.grid_id from data.ground_of(c.place) g;
        elsif c.grid_id is not null then
            select (data.ground_of(st_pointonsurface(g.geom))).district_id into c.district_id
            from data.warden_grids g where g.id = c.grid_id;
        end if;
$w$)));

revoke all on function data.place_plain(text), data.grams(text), api.bring_list(jsonb, jsonb),
    api.match_list(bigint, jsonb, jsonb), api.decide_pairs(bigint, jsonb),
    api.row_registered(bigint, integer, bigint) from public;
grant select on api.their_list, api.their_row, api.their_candidate to
    gridwarden_supervisor, gridwarden_planner, gridwarden_inspector;
grant execute on function api.bring_list(jsonb, jsonb), api.match_list(bigint, jsonb, jsonb),
    api.decide_pairs(bigint, jsonb), api.row_registered(bigint, integer, bigint) to
    gridwarden_supervisor, gridwarden_planner, gridwarden_inspector;
