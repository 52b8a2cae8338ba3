alter table data.dataset_version drop column crs;
