drop view api.loaded;
drop view api.screened;
drop view api.district_surveyed;
