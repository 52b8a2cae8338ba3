-- What every caller needs to say who it is; layers and cases are granted where they are declared.
grant usage on schema api to
    gridwarden_warden, gridwarden_inspector, gridwarden_contractor, gridwarden_embed;
grant execute on function api.role(), api.person(), api.made_by(), api.my_orgs(),
    api.my_org(bigint), api.my_district(bigint), api.is_mine(text, text, bigint[]),
    api.record(text, text, jsonb, bigint) to
    gridwarden_warden, gridwarden_inspector, gridwarden_contractor;
