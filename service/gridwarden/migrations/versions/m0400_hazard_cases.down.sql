revoke execute on function api.organisations_called(text) from gridwarden_inspector;
revoke execute on function api.grids_called(text) from
    gridwarden_supervisor, gridwarden_planner, gridwarden_inspector, gridwarden_warden;
drop view api.hazard_transition, api.hazard_evidence, api.hazard_act, api.hazard_case;
drop function api.veils_cases(), api.office_now(), api.my_grids(), api.my_districts();
drop table data.hazard_number, data.hazard_evidence, data.hazard_act, data.hazard_case;
drop function data.new_case_id(), data.keep_life_cycle(jsonb);
drop table data.hazard_transition;
