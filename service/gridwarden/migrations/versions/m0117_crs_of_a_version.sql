-- Whose coordinates the rows of a version were: with an earlier version that comes back too, so that
-- places from a shifted system are never taken for measured ones.
alter table data.dataset_version add column crs text;
comment on column data.dataset_version.crs is
    'The reading that the version''s rows were placed by, as in data.dataset; null where it is not known.';
update data.dataset_version v
set crs = coalesce((select i.crs from data.import i where i.id = v.import_id),
                   (select d.crs from data.dataset d where d.id = v.dataset_id and d.version = v.version));
