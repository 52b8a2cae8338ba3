-- Sealed rows whose time of keeping is over go into a signed file; their seals stay, so that the chain
-- is checked to its first head.
create table data.audit_archive (
    first_seal bigint primary key,
    last_seal bigint not null unique check (last_seal >= first_seal),
    rows bigint not null,
    file text not null,
    sha256 bytea not null,
    archived_at timestamptz not null default clock_timestamp()
);
create trigger audit_archive_stays before update or delete or truncate on data.audit_archive
    for each statement execute function data.audit_stays();

create or replace function data.audit_stays() returns trigger language plpgsql as
$$
begin
    if tg_op = 'DELETE' and tg_relid = 'data.audit'::regclass
       and current_setting('gridwarden.archiving', true) = 'yes' then
        return null;
    end if;
    raise exception 'the audit trail is only ever added to' using errcode = 'GW409';
end
$$;

-- Never less than 180 days, whatever is asked for.
create function api.archive_audit(first_seal bigint, last_seal bigint, days integer, file text,
    sha256 bytea) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    ids int8multirange;
    n bigint;
    keep constant interval := make_interval(days => greatest(archive_audit.days, 180));
begin
    if first_seal <> coalesce((select max(a.last_seal) from data.audit_archive a), 0) + 1 then
        raise exception 'archives follow each other' using errcode = 'GW409';
    end if;
    select range_agg(s.ids), sum(s.rows) into ids, n from data.audit_seal s
        where s.number between archive_audit.first_seal and archive_audit.last_seal
          and not isempty(s.ids);
    if exists (select from unnest(ids) r join data.audit a on a.id >= lower(r) and a.id < upper(r)
               where a.at > clock_timestamp() - keep)
       or exists (select from data.audit_seal s where s.sealed_at > clock_timestamp() - keep
                  and s.number between archive_audit.first_seal and archive_audit.last_seal) then
        raise exception 'the time of keeping is not over' using errcode = 'GW409';
    end if;
    insert into data.audit_archive (first_seal, last_seal, rows, file, sha256)
        values (archive_audit.first_seal, archive_audit.last_seal, coalesce(n, 0),
            archive_audit.file, archive_audit.sha256);
    perform set_config('gridwarden.archiving', 'yes', true);
    delete from data.audit a using unnest(ids) r where a.id >= lower(r) and a.id < upper(r);
    perform set_config('gridwarden.archiving', '', true);
    perform api.record('audit_archived', 'data.audit',
        jsonb_build_object('seals', jsonb_build_array(first_seal, last_seal), 'file', file), n);
    return n;
end
$$;

-- How far each listener has been told.
create table data.audit_forward (
    target text primary key,
    seal bigint not null
);

revoke all on function api.archive_audit(bigint, bigint, integer, text, bytea) from public;
grant execute on function api.archive_audit(bigint, bigint, integer, text, bytea) to gridwarden_seal;
grant select on data.audit_archive to gridwarden_auditor, gridwarden_seal;
grant select, insert, update on data.audit_forward to gridwarden_seal;
