drop function data.office_now();
