-- Layer $layer: $title
create table data.$layer (
    id bigint generated always as identity primary key,
    dataset_id bigint not null references data.dataset,
    source_id text not null,
    version integer not null default 1,
    org_id bigint,
$columns
    extra jsonb not null default '{}',
    repair text,
    geom geometry($geometry, {srid}),
    check ($check),
    unique (dataset_id, source_id)
);
create index ${layer}_geom on data.$layer using gist (geom);

create trigger a_next_version before update on data.$layer
    for each row execute function data.next_version();
create trigger a_remember_insert after insert on data.$layer
    referencing new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_update after update on data.$layer
    referencing old table as old_rows new table as new_rows
    for each statement execute function data.remember();
create trigger a_remember_delete after delete on data.$layer
    referencing old table as old_rows
    for each statement execute function data.remember();
create trigger a_no_truncate before truncate on data.$layer
    for each statement execute function data.no_truncate();

create view api.$layer as
 select $selected
 from data.$layer t$where;

grant select on api.$layer to $readers;
grant select, insert, update, delete on data.$layer to gridwarden_import;
grant select on data.$layer to gridwarden_screen;
insert into data.layer (id, secret, importers) values ('$layer', $secret, '{$importers}');
