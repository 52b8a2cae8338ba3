revoke execute on function api.role(), api.person(), api.made_by(), api.my_orgs(),
    api.my_org(bigint), api.my_district(bigint), api.is_mine(text, text, bigint[]),
    api.record(text, text, jsonb, bigint) from
    gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
revoke usage on schema api from
    gridwarden_warden, gridwarden_inspector, gridwarden_contractor, gridwarden_embed;
