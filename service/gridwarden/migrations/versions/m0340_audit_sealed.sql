---------------------------------------------------------------------------- which mains were seen
alter table data.audit add column mains int8multirange check (not isempty(mains));
comment on column data.audit.mains is
    'Whose exact places left by what the row tells of: ids of gas_pipelines. Numbers, no places.';
create index audit_mains on data.audit using gist (mains) where mains is not null;
create index audit_person on data.audit (person, id);
create index audit_at on data.audit using brin (at);

-- One row a request, in its transaction. Nothing left: nothing is told.
create function api.saw(route text, mains int8multirange) returns bigint
    language sql volatile security definer set search_path = pg_catalog, pg_temp as
$$
    insert into data.audit (role, person, login, action, object, rows, detail, mains)
    select current_setting('role'), nullif(current_setting('gridwarden.person', true), ''),
           session_user, 'saw', 'gas_pipelines', m.n, jsonb_build_object('route', saw.route), saw.mains
    from (select sum(upper(r) - lower(r))::bigint as n from unnest(saw.mains) r) m
    where m.n > 0
    returning id
$$;

-- A permit answer names the asker's own mains by their ids, and how far they are.
create function data.saw_in_answer() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    perform api.saw('permits/check', s.mains)
    from (select range_agg(int8range((m.v ->> 'id')::bigint, (m.v ->> 'id')::bigint, '[]')) as mains
          from new_rows n cross join jsonb_array_elements(n.answer::jsonb -> 'mains') m(v)
          where m.v ? 'id') s
    where s.mains is not null;
    return null;
end
$$;
create trigger saw_in_answer after insert on data.permit_answer
    referencing new table as new_rows for each statement execute function data.saw_in_answer();

---------------------------------------------------------------------------- seals
create table data.audit_seal (
    number bigint primary key,
    sealed_at timestamptz not null,
    upto bigint not null,
    ids int8multirange not null,
    void int8multirange not null,
    waiting int8multirange not null,
    rows bigint not null,
    leaves bytea not null,
    root bytea not null,
    before bytea not null,
    head bytea not null unique
);
comment on table data.audit_seal is
    'The audit, sealed every few seconds: `leaves` is SHA-256 of each row''s line in the order of '
    'ids, `root` SHA-256 of the leaves, `head` SHA-256 of the seal with the head `before` it. '
    '`void` are ids whose transactions were rolled back, `waiting` those still open then.';
create trigger audit_seal_stays before update or delete or truncate on data.audit_seal
    for each statement execute function data.audit_stays();

create table data.audit_waiting (
    ids int8multirange not null,
    holders text[] not null
);
comment on table data.audit_waiting is
    'Ids below the newest seal without a row, and the transactions that may still bring them: when '
    'all of these have ended and no row is there, it was rolled back.';

revoke all on function api.saw(text, int8multirange), data.saw_in_answer() from public;
grant execute on function api.saw(text, int8multirange) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_contractor;
grant select on data.audit_seal to gridwarden_auditor;
grant select, insert on data.audit_seal to gridwarden_seal;
grant select, insert, delete on data.audit_waiting to gridwarden_seal;
