-- A finding is a living row; what it was before is kept apart, with when and by what it was replaced.
-- Whoever changes findings (screening alone) writes past and outbox in the same transaction.

---------------------------------------------------------------------------- the present version
alter table data.finding
    add since timestamptz,
    add reason text not null default 'data' check (reason in ('rule', 'data')),
    add cause_layer text,
    add cause_id bigint,
    add cause_xid xid8;
update data.finding set since = first_seen;
alter table data.finding
    alter since set default clock_timestamp(),
    alter since set not null,
    alter reason drop default;
comment on column data.finding.since is 'When the present version was written.';
comment on column data.finding.reason is
    'What made the present version: the rules, or the data. `cause_*` name the feature whose change '
    'did it, and the transaction of that change; null where no single one did.';

-- A feature's findings are looked up by whom they are about, and by whom they name.
create index finding_subject on data.finding (layer, subject_id);
create index finding_counterpart on data.finding_exact (counterpart_layer, counterpart_id);

---------------------------------------------------------------------------- past versions
create table data.finding_past (
    id bigint not null,
    family text not null,
    layer text not null,
    subject_id bigint not null,
    main_id bigint,
    main boolean not null,
    severity text not null,
    certainty text not null,
    distance_band text,
    org_id bigint,
    district_id bigint,
    x double precision not null,
    y double precision not null,
    first_seen timestamptz not null,
    reason text not null,
    cause_layer text,
    cause_id bigint,
    cause_xid xid8,
    pack text not null,
    pack_version text not null,
    rule text not null,
    row_id bigint,
    clause text not null,
    edition text not null,
    verified boolean not null,
    pressure_class text,
    counterpart_layer text,
    counterpart_id bigint,
    distance_m numeric,
    required_m numeric,
    margin_m numeric,
    accuracy_m numeric,
    missing text[] not null,
    assumed text[] not null,
    pressed_length_m numeric,
    pressed_area_m2 numeric,
    told jsonb not null,
    geom geometry(Geometry, {srid}),
    valid tstzrange not null,
    how text not null check (how in ('changed', 'ended')),
    ended_reason text not null check (ended_reason in ('rule', 'data')),
    ended_cause_layer text,
    ended_cause_id bigint,
    ended_cause_xid xid8
);
comment on table data.finding_past is
    'Every version of a finding that is no more, with its evidence: as secret as data.finding_exact. '
    'What was known at T: data.finding where since <= T, and these where valid @> T.';
create index finding_past_id on data.finding_past (id);
create index finding_past_valid on data.finding_past using gist (valid);
create trigger past_stays before update or delete or truncate on data.finding_past
    for each statement execute function data.audit_stays();

---------------------------------------------------------------------------- the outbox
create table data.event (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    xid xid8 not null default pg_current_xact_id(),
    topic text not null check (topic in ('finding', 'import')),
    act text not null,
    subject text not null,
    finding_id bigint,
    import_id bigint,
    family text,
    layer text,
    subject_id bigint,
    main_id bigint,
    severity text,
    certainty text,
    distance_band text,
    org_id bigint,
    district_id bigint,
    x double precision,
    y double precision,
    reason text,
    detail jsonb not null default '{}',
    seq bigint unique
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
comment on table data.event is
    'Written in the transaction that it tells of. `seq` is given after the commit, by one sequencer: '
    'ids are taken before it, so the order of ids is not the order in which events can be seen.';
create index event_waiting on data.event (id) where seq is null;

---------------------------------------------------------------------------- what a step works with
-- Subjects that are judged again, and the changed features that are why.
create unlogged table data.again (
    layer text not null,
    subject_id bigint not null,
    cause_layer text,
    cause_id bigint,
    cause_xid xid8
);
create index again_subject on data.again (layer, subject_id);

alter table data.difference
    add cause_layer text,
    add cause_id bigint,
    add cause_xid xid8;

-- A statement of over 10,000 rows is screened in slices: how far. `dataset_id`: a whole dataset is
-- judged otherwise than before, though none of its rows changed.
alter table data.change
    add slice_after bigint not null default 0,
    add dataset_id bigint;
create index change_bulk on data.change (id) where bulk;

-- Features that the changes seen were of, each with the newest transaction that changed it.
drop function data.changed_features();
create function data.changed_features() returns table (layer text, feature_id bigint, xid xid8)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select n.layer, n.feature_id, max(n.xid)
    from (select c.layer, c.feature_id, c.xid from data.change_seen c where c.feature_id is not null
          union all
          select h.layer, h.feature_id, c.xid
          from (select distinct c.layer, c.xid from data.change_seen c where c.feature_id is null) c
          join data.history h on h.layer = c.layer and c.xid in (h.xid_from, h.xid_to)) n
    group by n.layer, n.feature_id
$$;

---------------------------------------------------------------------------- grants
revoke all on function data.changed_features() from public;
grant execute on function data.changed_features() to gridwarden_screen;
grant select, insert on data.finding_past to gridwarden_screen;
grant select, insert on data.event to gridwarden_screen;
grant select, insert, delete, truncate on data.again to gridwarden_screen;
grant update on data.change to gridwarden_screen;
grant delete on data.difference, data.change_seen to gridwarden_screen;
