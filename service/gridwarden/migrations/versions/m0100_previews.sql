-- How a file is read (its mapping, first rows and troubles), and what senders said of their forms.
alter table data.import add column preview jsonb;
comment on column data.import.preview is
    'The mapping, the first rows as they would be published and the first troubles. It carries '
    'values of the file: as secret as its rows, and it goes with the file.';
create index import_preview on data.import (id) where preview is not null;

-- Whose forms are remembered together: an organisation's, else those of a role's person.
create function data.sender_of(org_id bigint, role text, person text) returns text
    language sql immutable parallel safe set search_path = pg_catalog, pg_temp as
$$
    select case when org_id is null then role || ' ' || coalesce(person, '')
                else 'org ' || org_id end
$$;

create table data.habit (
    id bigint generated always as identity primary key,
    sender text not null,
    org_id bigint,
    role text not null,
    person text,
    layer text not null,
    kind text not null,
    signature text not null,
    fields jsonb not null,
    mapping jsonb not null,
    constants jsonb not null,
    encoding text,
    crs text,
    north_first boolean,
    import_id bigint references data.import on delete set null,
    learned_at timestamptz not null default clock_timestamp(),
    unique (sender, layer, signature)
);
comment on table data.habit is
    'What a sender said of one form (a kind of file and its columns in any order), taken for the '
    'next file of that form. `role` and `person` are whose file it was learned from.';

create view api.habit as
    select h.id, h.org_id, h.layer, h.kind, h.fields, h.mapping, h.constants, h.encoding, h.crs,
           h.north_first, h.import_id, h.learned_at
    from data.habit h
    where case when current_setting('role') = 'gridwarden_utility' then api.my_org(h.org_id)
               else api.is_mine(h.role, h.person, '{}') end;

-- False for a form that is not the caller's.
create function api.forget_habit(habit bigint) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as
$$
declare
    gone data.habit;
begin
    delete from data.habit h where h.id = forget_habit.habit
        and case when current_setting('role') = 'gridwarden_utility' then api.my_org(h.org_id)
                 else api.is_mine(h.role, h.person, '{}') end
        returning h.* into gone;
    if gone.id is not null then
        perform api.record('forget_habit', gone.layer, jsonb_build_object('habit', gone.id));
    end if;
    return gone.id is not null;
end
$$;

create view api.import_preview as
    select i.id as import_id, d.preview
    from api.import i join data.import d on d.id = i.id
    where d.preview is not null;

revoke all on function data.sender_of(bigint, text, text), api.forget_habit(bigint) from public;
grant execute on function data.sender_of(bigint, text, text) to gridwarden_import;
grant select, insert, update on data.habit to gridwarden_import;
grant execute on function api.forget_habit(bigint) to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
grant select on api.habit, api.import_preview to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher,
    gridwarden_administrator;
