create or replace function data.has_proof(case_id bigint, kind text, since timestamptz) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select exists (select from data.hazard_evidence e
                   where e.case_id = has_proof.case_id and e.at >= has_proof.since
                     and case has_proof.kind when 'document' then e.kind = 'document'
                         else e.kind = 'photo' and e.detail ->> 'stage' = has_proof.kind end)
$$;
drop function api.proof_kept(), api.add_proof(bigint, jsonb), api.proof_file(bigint, bigint, boolean);
drop view api.hazard_proof;
drop function data.proof_checks(data.hazard_case, text, text, timestamptz, timestamptz, geometry,
    geometry, double precision, text);
drop table data.hazard_proof;
