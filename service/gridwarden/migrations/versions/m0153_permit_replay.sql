-- A permit answer is given again: by the code of now, over the mains, surveys, datasets and rules that
-- its snapshot saw. The code reads relations by name, so a replay makes them anew in the session's own
-- schema, composes the very functions that answered over them, asks, and rolls all of it back: there is
-- no second copy of the judging, and what changes it later changes this with it.
--
-- Invariants (tests/permits/test_permit_replay.py): an answer comes out the same to the last character
-- whatever was written since, and whatever was being written while it was asked; where it cannot, the
-- answer says what is not there any more; it writes nothing but its audit row, and takes no number.

---------------------------------------------------------------------------- small tables keep their past
create table data.kept_row (
    relation text not null,
    key text not null,
    row jsonb not null,
    xid_from xid8 not null default pg_current_xact_id(),
    xid_to xid8
);
comment on table data.kept_row is
    'Datasets, and which packs and rules were in force, as they were: tables that are no layers.';
create unique index kept_row_open on data.kept_row (relation, key) where xid_to is null;
create index kept_row_key on data.kept_row (relation, key);

-- Arguments: the column that names a row, then those that are kept (none: all).
create function data.keep_row() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    was jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    now jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
    named constant text := (select string_agg(coalesce(now, was) ->> c, '@' order by n)
                            from unnest(string_to_array(tg_argv[0], ',')) with ordinality as u(c, n));
begin
    if tg_nargs > 1 then
        was := (select jsonb_object_agg(k, was -> k) from unnest(string_to_array(tg_argv[1], ',')) k
                where was is not null);
        now := (select jsonb_object_agg(k, now -> k) from unnest(string_to_array(tg_argv[1], ',')) k
                where now is not null);
    end if;
    if now is distinct from was then
        update data.kept_row k set xid_to = pg_current_xact_id()
            where k.relation = tg_table_name and k.key = named and k.xid_to is null;
        if now is not null then
            insert into data.kept_row (relation, key, row) values (tg_table_name, named, now);
        end if;
    end if;
    return null;
end
$$;
create trigger keep_row after insert or update or delete on data.dataset
    for each row execute function data.keep_row('id');
create trigger keep_row after insert or update or delete on data.rule_pack
    for each row execute function data.keep_row('id,version', 'in_force');
create trigger keep_row after insert or update or delete on data.rule
    for each row execute function data.keep_row('id', 'in_force');
insert into data.kept_row (relation, key, row)
    select 'dataset', d.id::text, to_jsonb(d) from data.dataset d
    union all
    select 'rule_pack', p.id || '@' || p.version, jsonb_build_object('in_force', p.in_force)
    from data.rule_pack p
    union all
    select 'rule', r.id::text, jsonb_build_object('in_force', r.in_force) from data.rule r;

---------------------------------------------------------------------------- what an answer rests on
-- The cluster whose transaction numbers these are: after a restore into another they begin anew.
create function data.epoch() returns text
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select system_identifier::text from pg_control_system() $$;

-- The code that answers: the newest migration.
create function data.program() returns text
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select max(v.version_num) from public.alembic_version v $$;

alter table data.permit_answer add orgs text, add epoch text, add program text;
alter table data.permit_answer
    alter orgs set default current_setting('gridwarden.orgs', true),
    alter epoch set default data.epoch(),
    alter program set default data.program();
comment on column data.permit_answer.program is
    'With the epoch, and `work` -> `replay`, what a replay needs beside the snapshot; null where the '
    'answer was given before any of that was kept.';

do $patch$
declare
    body text := pg_get_functiondef('api.permit_answer(jsonb, jsonb, text)'::regprocedure);
    was constant text := $was$j.first, work - 'words',$was$;
begin
    if position(was in body) = 0 then
        raise exception 'api.permit_answer is not the one that this changes';
    end if;
    execute replace(body, was, $new$j.first, work - 'words' || jsonb_build_object('replay',
                jsonb_build_object('area', area, 'language', language,
                                   'words', md5((work -> 'words')::text))),$new$);
end
$patch$;

---------------------------------------------------------------------------- the stage
-- The relations that answers read, as a snapshot saw them, in the session's own schema; of places
-- those within 5 km, which is farther than any rule reaches.
create function data.replay_tables(seen pg_snapshot, ground geometry) returns void
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    near constant geometry := st_expand(ground, 5000);
    one text;
begin
    foreach one in array array['gas_pipelines', 'coverage', 'organisations', 'dataset', 'dataset_version',
                               'rule', 'rule_pack', 'main_profile', 'main_rule', 'main_piece',
                               'permit_answer'] loop
        execute format('create temp table %I (like data.%I including defaults)', one, one);
    end loop;
    foreach one in array array['gas_pipelines', 'coverage', 'organisations'] loop
        execute format($rows$
            insert into pg_temp.%1$I
            select t.* from data.%1$I t
            where (t.geom is null or t.geom && $2) and exists (
                select from data.history h
                where h.layer = %1$L and h.feature_id = t.id and h.version = t.version
                  and pg_visible_in_snapshot(h.xid_from, $1))
            union all
            select %2$s
            from data.history h cross join lateral jsonb_populate_record(null::data.%1$I, h.row) p
            where h.layer = %1$L and h.xid_to is not null and (h.geom is null or h.geom && $2)
              and pg_visible_in_snapshot(h.xid_from, $1) and not pg_visible_in_snapshot(h.xid_to, $1)
            $rows$, one, (
                select string_agg(case a.attname when 'geom' then 'h.geom' else format('p.%I', a.attname) end,
                                  ', ' order by a.attnum)
                from pg_attribute a where a.attrelid = format('data.%I', one)::regclass
                  and a.attnum > 0 and not a.attisdropped)) using seen, near;
    end loop;
    insert into pg_temp.dataset
        select d.* from data.kept_row k cross join lateral jsonb_populate_record(null::data.dataset, k.row) d
        where k.relation = 'dataset' and pg_visible_in_snapshot(k.xid_from, seen)
          and (k.xid_to is null or not pg_visible_in_snapshot(k.xid_to, seen));
    insert into pg_temp.dataset_version
        select v.* from data.dataset_version v where pg_visible_in_snapshot(v.xid, seen);
    insert into pg_temp.rule select * from data.rule;
    insert into pg_temp.rule_pack select * from data.rule_pack;
    update pg_temp.rule r set in_force = coalesce((
        select (k.row ->> 'in_force')::boolean from data.kept_row k
        where k.relation = 'rule' and k.key = r.id::text and pg_visible_in_snapshot(k.xid_from, seen)
          and (k.xid_to is null or not pg_visible_in_snapshot(k.xid_to, seen))), false);
    update pg_temp.rule_pack p set in_force = coalesce((
        select (k.row ->> 'in_force')::boolean from data.kept_row k
        where k.relation = 'rule_pack' and k.key = p.id || '@' || p.version
          and pg_visible_in_snapshot(k.xid_from, seen)
          and (k.xid_to is null or not pg_visible_in_snapshot(k.xid_to, seen))), false);
end
$$;

-- The functions that answer, and that make a main's pieces, over those relations: all that read one of
-- them, or call one that does. Of what an answer takes from its moment, the stored answer's is put in.
create function data.replay_code(stored data.permit_answer) returns void
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    staged constant text := '\mdata\.(gas_pipelines|coverage|organisations|dataset|dataset_version|rule'
        || '|rule_pack|main_profile|main_rule|main_piece|permit_answer)\M(?!\s*\()';
    composed text[];
    one record;
begin
    set local check_function_bodies = off;
    execute format('create function pg_temp.role() returns text language sql stable as %L',
        format('select %L::text', stored.role));
    execute 'create function pg_temp.record(text, text, jsonb, bigint) returns bigint
        language sql stable as ''select 1::bigint''';
    create temp table code on commit drop as
        with recursive all_of as (
            select p.oid, n.nspname || '.' || p.proname as name, p.prosrc as body
            from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where n.nspname in ('api', 'data') and p.prokind = 'f'
        ), reached as (
            select a.* from all_of a
            where a.name in ('api.permit_answer', 'data.profile_of', 'data.rules_for', 'data.pieces_of')
            union
            select b.* from reached r
            join all_of b on b.name not in ('api.role', 'api.record')
                and r.body ~ ('\m' || replace(b.name, '.', '\.') || '\s*\(')
        )
        select r.oid, r.name, pg_get_functiondef(r.oid) as text from reached r;
    composed := array(select c.name from code c
                      where c.text ~ staged or c.text ~ '\mapi\.(role|record)\s*\(');
    loop
        exit when not exists (
            select from code c join unnest(composed) n on c.text ~ ('\m' || replace(n, '.', '\.') || '\s*\(')
            where c.name <> all (composed));
        composed := array(
            select distinct c.name from code c
            where c.name = any (composed) or exists (
                select from unnest(composed) n where c.text ~ ('\m' || replace(n, '.', '\.') || '\s*\(')));
    end loop;
    for one in select c.name, c.text from code c where c.name = any (composed) loop
        one.text := replace(one.text, 'nextval(pg_get_serial_sequence(''data.permit_answer'', ''id''))',
                            stored.id::text);
        one.text := replace(one.text, 'pg_current_snapshot()', format('%L::pg_snapshot', stored.snapshot));
        one.text := replace(one.text, 'clock_timestamp()', format('%L::timestamptz', stored.asked_at));
        one.text := regexp_replace(one.text, '\mnow\(\)', format('%L::timestamptz', stored.asked_at), 'g');
        one.text := regexp_replace(one.text, staged, 'pg_temp.\1', 'g');
        one.text := regexp_replace(one.text, '\mapi\.(role|record)(\s*\()', 'pg_temp.\1\2', 'g');
        one.text := regexp_replace(one.text, '\m(data|api)\.('
            || (select string_agg(split_part(n, '.', 2), '|') from unnest(composed) n) || ')(\s*\()',
            'pg_temp.\2\3', 'g');
        execute one.text;
    end loop;
end
$$;

-- The stored answer, given again: its JSON as text. All that is made for it is rolled back.
create function data.replayed(stored data.permit_answer, words jsonb) returns text
    language plpgsql volatile set search_path = pg_catalog, public, pg_temp as
$$
declare
    given text;
begin
    begin
        perform data.replay_tables(stored.snapshot,
            coalesce((select st_collect(st_setsrid(st_geomfromgeojson(r.v -> 'area'), data.working_srid()))
                      from jsonb_array_elements(stored.work #> '{unlocated,readings}') r(v)), stored.area));
        perform data.replay_code(stored);
        perform set_config('gridwarden.orgs', coalesce(stored.orgs, ''), true),
                set_config('gridwarden.person', coalesce(stored.person, ''), true),
                set_config('gridwarden.at', stored.asked_at::text, true);
        execute $stage$
            insert into pg_temp.main_profile
                select (row_number() over (order by p.key)), p.key, p.pressure_class, p.p_mop_mpa, p.material,
                       p.dn, p.od_mm, p.wall_mm, p.network, p.area_class, p.class, p.edge_m, p.missing
                from (select distinct on (p.key) p.* from pg_temp.gas_pipelines m
                      cross join lateral pg_temp.profile_of(m) p
                      where m.status is distinct from 'planned' order by p.key) p;
            insert into pg_temp.main_rule
                select q.* from pg_temp.main_profile p cross join lateral pg_temp.rules_for(p) q;
            insert into pg_temp.main_piece
                select c.* from pg_temp.gas_pipelines m
                cross join lateral pg_temp.profile_of(m) looks
                join pg_temp.main_profile p on p.key = looks.key
                cross join lateral pg_temp.pieces_of(m, p) c
                where m.status is distinct from 'planned'
            $stage$;
        execute 'select pg_temp.permit_answer($1, $2, $3)::text' into given
            using coalesce(stored.work #> '{replay,area}', st_asgeojson(stored.area, 17)::jsonb),
                  stored.work - 'replay' || jsonb_build_object('words', words),
                  stored.work #>> '{replay,language}';
        raise exception using errcode = 'GW000';
    exception when sqlstate 'GW000' then
        return given;
    end;
end
$$;

---------------------------------------------------------------------------- the door
-- What was asked, for whom may see its answer again: who asked, and a supervisor after a recorded look
-- (api.look) where the area lies in its districts. Null for anybody else.
create function data.permit_kept(number bigint) returns data.permit_answer
    language sql stable set search_path = pg_catalog, public, pg_temp as
$$
    select a from data.permit_answer a
    where a.id = permit_kept.number
      and (api.is_mine('gridwarden_' || a.role, a.person,
                       coalesce(string_to_array(nullif(a.orgs, ''), ',')::bigint[], '{}'))
           or current_setting('role') = 'gridwarden_supervisor' and api.may_look()
              and (api.my_district(null) or exists (
                  select from data.districts d
                  where api.my_district(d.id) and st_intersects(d.geom, a.area))))
$$;

-- Which words the replay of an answer needs: {"method", "far"}.
create function api.permit_replay_words(number bigint) returns jsonb
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select jsonb_build_object('method', a.work ->> 'method',
                              'far', coalesce(a.work #>> '{unlocated,because}' = 'far', false))
    from data.permit_kept(number) a where a.id is not null
$$;

-- {"number", "asked_at", "same", "differs", "because", "stored", "replayed"}. `because` says why an
-- answer cannot be given again (not-kept, epoch), or what else changed where it differs (program,
-- words); `same` is null where it cannot.
create function api.permit_replay(number bigint, words jsonb) returns json
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    stored data.permit_answer := data.permit_kept(number);
    because text[];
    given text;
    same boolean;
begin
    if stored.id is null then
        return null;
    end if;
    because := array_remove(array[
        case when stored.program is null then 'not-kept' end,
        case when stored.epoch is distinct from data.epoch() and stored.program is not null
             then 'epoch' end], null);
    if cardinality(because) = 0 then
        given := data.replayed(stored, words);
        same := given = stored.answer::text;
        if not same then
            because := array_remove(array[
                case when stored.program <> data.program() then 'program' end,
                case when stored.work #>> '{replay,words}' is distinct from md5(words::text) then 'words' end],
                null);
        end if;
    end if;
    perform api.record('permit.replay', 'permit_answer/' || number,
        jsonb_strip_nulls(jsonb_build_object('same', same, 'because', because)));
    return json_build_object(
        'number', stored.answer ->> 'number', 'asked_at', stored.asked_at, 'same', same,
        'differs', (select coalesce(json_agg(k.key order by k.key), '[]')
                    from (select key, value from jsonb_each(stored.answer::jsonb)
                          except select key, value from jsonb_each(given::jsonb)) k
                    where given is not null),
        'because', because, 'stored', stored.answer, 'replayed', given::json);
end
$$;

revoke all on function data.keep_row(), data.epoch(), data.program(),
    data.replay_tables(pg_snapshot, geometry), data.replay_code(data.permit_answer),
    data.replayed(data.permit_answer, jsonb), data.permit_kept(bigint),
    api.permit_replay_words(bigint), api.permit_replay(bigint, jsonb) from public;
grant execute on function api.permit_replay_words(bigint), api.permit_replay(bigint, jsonb) to
    gridwarden_utility, gridwarden_supervisor;
