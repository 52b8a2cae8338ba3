-- Maps in other people's pages, and maps as files: figures that were told once, frozen. A link names
-- nothing but its row here; whoever holds it reads that row, as long as it lives.

create table data.embed (
    id bigint generated always as identity primary key,
    token_hash bytea unique check (octet_length(token_hash) = 32),
    "system" text not null check ("system" in ('square-500', 'square-1000', 'districts')),
    measure text not null,
    tied boolean not null,
    district_id bigint,
    place text,
    language text not null check (language in ('en', 'zh')),
    sites text[] not null default '{}',
    document jsonb not null,
    made_by text not null default api.person(),
    made_as text not null default api.role(),
    made_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    check ((token_hash is null) = (expires_at is null)),
    check (expires_at > made_at)
);
comment on table data.embed is
    'Without a hash: a map that left as a file, which nobody can call back. `tied`: to mains. '
    '`document`: title, source, age and ground as they were told then, without a figure.';

create table data.embed_cell (
    embed_id bigint not null references data.embed on delete cascade,
    no integer not null,
    key text not null,
    name text,
    shape jsonb not null,
    state smallint not null check (state in (0, 1, 2)),
    value float8,
    n bigint,
    note text,
    primary key (embed_id, no),
    check ((state = 2) = (value is null) and (state = 2) = (n is null))
);
comment on table data.embed_cell is '`state`: 0 counted, 1 no data, 2 withheld, which has no figure.';

alter table data.told_held add foreign key (embed_id) references data.embed;

create view api.embed as
    select e.id, e."system", e.measure, e.district_id, e.place, e.language, e.sites, e.made_by,
           e.made_as, e.made_at, e.expires_at, e.revoked_at, e.revoked_by, e.tied,
           e.revoked_at is null and e.expires_at > clock_timestamp() as lives
    from data.embed e where e.token_hash is not null;

-- Freeze what was told: cells as rows of (key, name, shape, state, value, n, note), and what was
-- withheld at the mains' side as (district_id, size, cx, cy, family, itself, whole). Gives the number.
create function api.keep_embed(embed jsonb, cells jsonb, held jsonb, token_hash bytea, lives interval)
    returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    made bigint;
begin
    insert into data.embed (token_hash, "system", measure, tied, district_id, place, language, sites,
                            document, made_as, expires_at)
    select keep_embed.token_hash, e."system", e.measure, e.tied, e.district_id, e.place, e.language,
           array(select jsonb_array_elements_text(e.sites)), e.document,
           replace(current_setting('role'), 'gridwarden_', ''),
           clock_timestamp() + keep_embed.lives
    from jsonb_to_record(keep_embed.embed) as e ("system" text, measure text, tied boolean,
        district_id bigint, place text, language text, sites jsonb, document jsonb)
    returning id into made;
    insert into data.embed_cell (embed_id, no, key, name, shape, state, value, n, note)
    select made, r.no, c.key, c.name, c.shape, c.state, c.value, c.n, c.note
    from jsonb_array_elements(keep_embed.cells) with ordinality r (cell, no)
    cross join lateral jsonb_to_record(r.cell) as c (key text, name text, shape jsonb,
        state smallint, value float8, n bigint, note text);
    insert into data.told_held (embed_id, district_id, size, cx, cy, family, itself, whole)
    select made, h.district_id, h.size, h.cx, h.cy, h.family, h.itself, h.whole
    from jsonb_to_recordset(keep_embed.held) as h (district_id bigint, size integer, cx bigint,
        cy bigint, family text, itself boolean, whole boolean);
    perform api.record(case when keep_embed.token_hash is null then 'map_file_made'
            else 'embed_made' end, 'data.embed',
        keep_embed.embed - 'document' || jsonb_build_object('id', made),
        jsonb_array_length(keep_embed.cells));
    return made;
end
$$;

-- One makes after the other: the second must see what the first withheld.
create function api.embeds_in_turn() returns void
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    select pg_advisory_xact_lock(hashtext('gridwarden embeds'))
$$;

create function api.revoke_embed(embed_id bigint) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
begin
    update data.embed e set revoked_at = clock_timestamp(), revoked_by = api.person()
        where e.id = revoke_embed.embed_id and e.token_hash is not null and e.revoked_at is null;
    if found then
        perform api.record('embed_revoked', 'data.embed',
                           jsonb_build_object('id', revoke_embed.embed_id));
    end if;
    return found;
end
$$;

-- The whole of what the holder of a link reads, or nothing.
create function api.embed_shown(token_hash bytea) returns jsonb
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select e.document || jsonb_build_object('id', e.id, 'system', e."system", 'measure', e.measure,
        'place', e.place, 'language', e.language, 'sites', e.sites, 'made_at', e.made_at,
        'expires_at', e.expires_at, 'cells', (
            select coalesce(jsonb_agg(jsonb_build_object('key', c.key, 'name', c.name,
                'shape', c.shape, 'state', c.state, 'value', c.value, 'n', c.n, 'note', c.note)
                order by c.no), '[]')
            from data.embed_cell c where c.embed_id = e.id))
    from data.embed e
    where e.token_hash = embed_shown.token_hash and e.revoked_at is null
      and e.expires_at > clock_timestamp()
$$;

revoke all on function api.keep_embed(jsonb, jsonb, jsonb, bytea, interval), api.embeds_in_turn(),
    api.revoke_embed(bigint), api.embed_shown(bytea) from public;
grant select on api.embed to gridwarden_planner, gridwarden_supervisor, gridwarden_security;
grant execute on function api.keep_embed(jsonb, jsonb, jsonb, bytea, interval),
    api.embeds_in_turn() to gridwarden_planner, gridwarden_supervisor;
grant execute on function api.revoke_embed(bigint) to
    gridwarden_planner, gridwarden_supervisor, gridwarden_security;
grant execute on function api.embed_shown(bytea) to gridwarden_embed;
