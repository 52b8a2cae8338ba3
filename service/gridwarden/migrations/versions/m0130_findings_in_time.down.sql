revoke update on data.change from gridwarden_screen;
revoke delete on data.difference, data.change_seen from gridwarden_screen;
alter table data.change drop slice_after, drop dataset_id;
alter table data.difference drop cause_layer, drop cause_id, drop cause_xid;
drop table data.again, data.event, data.finding_past;
drop index data.finding_counterpart, data.finding_subject;
alter table data.finding drop since, drop reason, drop cause_layer, drop cause_id, drop cause_xid;

drop function data.changed_features();
create function data.changed_features() returns table (layer text, feature_id bigint)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select c.layer, c.feature_id from data.change_seen c where c.feature_id is not null
    union
    select h.layer, h.feature_id
    from (select distinct c.layer, c.xid from data.change_seen c where c.feature_id is null) c
    join data.history h on h.layer = c.layer and c.xid in (h.xid_from, h.xid_to)
$$;
revoke all on function data.changed_features() from public;
grant execute on function data.changed_features() to gridwarden_screen;
