-- Photos and documents of a case. The file lies in the office's folder under its SHA-256; here is
-- what it is, what its camera said, and what that means for the case.
--
-- Invariants (tests/hazards/test_proof.py): proof is only ever added; who does not see the place of a
-- case sees neither a photo's place nor the file as it came; what a check says was judged on the day
-- the photo came, by the numbers kept beside it.
create table data.hazard_proof (
    id bigint generated always as identity primary key,
    case_id bigint not null references data.hazard_case,
    kind text not null check (kind in ('before', 'after', 'document')),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    preview text check (preview ~ '^[0-9a-f]{64}$'),
    name text not null,
    media text not null,
    bytes bigint not null check (bytes > 0),
    width integer,
    height integer,
    taken_at timestamptz,
    taken_zoned boolean,
    place geometry(Point, {srid}),
    system text,
    accuracy_m double precision,
    distance_m double precision,
    within_m double precision not null,
    checks text[] not null,
    note text not null default '',
    role text not null,
    person text not null,
    orgs bigint[] not null,
    at timestamptz not null,
    day date not null,
    unique (case_id, kind, sha256)
);
comment on table data.hazard_proof is
    '`sha256` names the file, `preview` the small copy without what the camera wrote. `taken_zoned`: '
    'the camera said its time zone; else the city''s is meant. `distance_m`: on the ground, from the '
    'case''s place; `within_m`: how far it might be on that day.';
create index hazard_proof_file on data.hazard_proof (sha256);
create trigger hazard_proof_stays before update or delete or truncate on data.hazard_proof
    for each statement execute function data.audit_stays();

-- What a photo's time and place mean for its case, as words of the catalogue (proof.check.…).
-- `meant`: where it would lie if its numbers were GCJ-02.
create function data.proof_checks(c data.hazard_case, kind text, media text, taken timestamptz,
    at timestamptz, place geometry, meant geometry, near_m double precision, hash text) returns text[]
    language sql stable set search_path = pg_catalog, public, pg_temp as
$$
    select array_remove(array[
        case when photo and taken is null then 'no_time' end,
        case when taken > at + interval '10 minutes' then 'future' end,
        case when kind = 'after' and taken < c.found_at - interval '10 minutes' then 'before_found' end,
        case when kind = 'before' and taken < c.found_at - interval '30 days' then 'old' end,
        case when photo and place is null then 'no_place' end,
        case when place is not null and c.place is null then 'no_case_place' end,
        case when meant is not null and away > near_m and data.ground_m(meant, c.place) <= near_m
             then 'gcj02' when away > near_m then 'far' end,
        case when exists (select from data.hazard_proof p where p.sha256 = hash
                          and p.case_id <> c.id) then 'other_case' end,
        case when kind = 'after' and exists (select from data.hazard_proof p where p.sha256 = hash
                          and p.case_id = c.id and p.kind = 'before') then 'same_as_before' end,
        case when kind = 'after' and place is not null and exists (
                 select from data.hazard_proof p where p.case_id = c.id and p.kind = 'before'
                 and p.place is not null
                 having min(data.ground_m(p.place, proof_checks.place)) > near_m)
             then 'other_spot' end], null)
    from (select media like 'image/%' and kind <> 'document' as photo,
                 data.ground_m(place, c.place) as away) q
$$;

create view api.hazard_proof as
    select p.id, p.case_id, p.kind, case when seen.whole then p.sha256 end as sha256,
           case when seen.whole then p.name else '' end as name, p.media, p.bytes, p.width, p.height,
           p.taken_at, p.taken_zoned,
           case when seen.whole then st_x(st_transform(p.place, 4326)) end as lon,
           case when seen.whole then st_y(st_transform(p.place, 4326)) end as lat,
           case when seen.whole then p.system end as system,
           case when seen.whole then p.accuracy_m end as accuracy_m,
           case when seen.whole then round(p.distance_m::numeric, 1)::float8 end as distance_m,
           p.within_m, p.checks, case when seen.whole then p.note else '' end as note, replace(p.role, 'gridwarden_', '') as role, p.person, p.at,
           p.day, p.preview is not null as preview, seen.whole
    from data.hazard_proof p
    join api.hazard_case c on c.id = p.case_id
    cross join lateral (select not c.veiled as whole offset 0) seen;

-- The hash under which a file lies: of the whole for who sees it whole, else of the preview.
create function api.proof_file(case_id bigint, proof bigint, whole boolean) returns jsonb
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select jsonb_build_object('hash', case when proof_file.whole then p.sha256 else p.preview end,
        'media', case when proof_file.whole then p.media else 'image/jpeg' end, 'name', p.name)
    from data.hazard_proof p join api.hazard_case c on c.id = p.case_id
    where p.case_id = proof_file.case_id and p.id = proof_file.proof
      and (not proof_file.whole or not c.veiled)
$$;

-- Keep a proof of a case that the caller sees; its number, and whether it is new.
create function api.add_proof(case_id bigint, said jsonb) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    c data.hazard_case;
    made bigint;
    now_at constant timestamptz := data.office_now();
    taken timestamptz := (said ->> 'taken')::timestamptz;
    place geometry := case when said -> 'x' <> 'null' then
        st_setsrid(st_makepoint((said ->> 'x')::float8, (said ->> 'y')::float8), {srid}) end;
    meant geometry := case when said -> 'meant_x' <> 'null' then
        st_setsrid(st_makepoint((said ->> 'meant_x')::float8, (said ->> 'meant_y')::float8), {srid}) end;
    near_m constant double precision := (said ->> 'within_m')::float8
        + coalesce((said ->> 'accuracy_m')::float8, 0);
begin
    select h.* into c from data.hazard_case h
        where h.id = add_proof.case_id and h.id in (select v.id from api.hazard_case v where v.id = add_proof.case_id);
    if c.id is null then
        raise exception 'hazards.none' using errcode = 'GW404';
    end if;
    select p.id into made from data.hazard_proof p
        where p.case_id = c.id and p.kind = said ->> 'kind' and p.sha256 = said ->> 'sha256';
    if made is not null then
        return jsonb_build_object('id', made, 'new', false);
    end if;
    if (select count(*) from data.hazard_proof p where p.case_id = c.id) >= (said ->> 'most')::integer then
        raise exception 'proof.too_many' using errcode = 'GW409';
    end if;
    insert into data.hazard_proof (case_id, kind, sha256, preview, name, media, bytes, width, height,
            taken_at, taken_zoned, place, system, accuracy_m, distance_m, within_m, checks, note,
            role, person, orgs, at, day)
        values (c.id, said ->> 'kind', said ->> 'sha256', said ->> 'preview', said ->> 'name',
            said ->> 'media', (said ->> 'bytes')::bigint, (said ->> 'width')::integer,
            (said ->> 'height')::integer, taken, (said ->> 'zoned')::boolean, place,
            said ->> 'system', (said ->> 'accuracy_m')::float8, data.ground_m(place, c.place),
            (said ->> 'within_m')::float8,
            data.proof_checks(c, said ->> 'kind', said ->> 'media', taken, now_at, place, meant, near_m,
                              said ->> 'sha256'),
            coalesce(said ->> 'note', ''), current_setting('role'), coalesce(api.person(), session_user),
            coalesce(api.my_orgs(), '{}'), now_at, data.reporting_day(now_at))
        on conflict on constraint hazard_proof_case_id_kind_sha256_key do nothing
        returning id into made;
    perform api.record('proof_added', 'hazards/' || c.id,
        jsonb_build_object('kind', said ->> 'kind', 'sha256', said ->> 'sha256'));
    return jsonb_build_object('id', made, 'new', made is not null);
end
$$;

-- What is on record, for who holds the files against it.
create function api.proof_kept() returns table (sha256 text, preview text)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select distinct p.sha256, p.preview from data.hazard_proof p $$;

create or replace function data.has_proof(case_id bigint, kind text, since timestamptz) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select exists (select from data.hazard_proof p
                   where p.case_id = has_proof.case_id and p.kind = has_proof.kind
                     and (has_proof.since is null or p.at >= has_proof.since))
$$;

revoke all on function data.proof_checks(data.hazard_case, text, text, timestamptz, timestamptz,
    geometry, geometry, double precision, text), api.proof_file(bigint, bigint, boolean),
    api.add_proof(bigint, jsonb), api.proof_kept() from public;
grant select on api.hazard_proof to gridwarden_utility, gridwarden_supervisor, gridwarden_planner,
    gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
grant execute on function api.proof_file(bigint, bigint, boolean) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_warden,
    gridwarden_inspector, gridwarden_contractor;
grant execute on function api.add_proof(bigint, jsonb) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_warden, gridwarden_inspector,
    gridwarden_contractor;
grant execute on function api.proof_kept() to gridwarden_administrator, gridwarden_auditor;
