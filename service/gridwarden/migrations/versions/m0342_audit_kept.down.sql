drop table data.audit_forward;
drop function api.archive_audit(bigint, bigint, integer, text, bytea);
drop table data.audit_archive;
create or replace function data.audit_stays() returns trigger language plpgsql as
$$
begin
    raise exception 'the audit trail is only ever added to' using errcode = 'GW409';
end
$$;
