-- What was published in the earlier form is kept, and so is what was found by it.
create table data.earlier_pack as
    select id, version, base, title, missing_od_mm, point_radius_m, document, published_at,
           coalesce(substring(document from '(?n)^jurisdiction\s*=\s*"([^"]*)"'), '') as jurisdiction,
           substring(document from '(?n)^valid_from\s*=\s*(\d\d\d\d-\d\d-\d\d)')::date as valid_from,
           substring(document from '(?n)^extends\s*=\s*"([^"]*)"') as extends
    from data.rule_pack;
-- Rows are numbered from the start again: a number from before would name another row.
alter table data.finding_exact alter row_id drop not null;
update data.finding_exact set row_id = null;
