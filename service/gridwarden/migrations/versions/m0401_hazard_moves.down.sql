drop function api.undo_case(bigint, integer[], uuid), api.move_case(bigint, integer[], text, jsonb, uuid),
    data.day_of_act(bigint, jsonb, timestamptz),
    data.set_by_act(data.hazard_case, data.hazard_transition, jsonb),
    data.moved_case(data.hazard_case, data.hazard_case, data.hazard_transition, date, timestamptz),
    data.write_move(data.hazard_case, data.hazard_case, text, jsonb, uuid, date, timestamptz),
    data.case_before(data.hazard_case, data.hazard_case), data.next_hazard_no(bigint, date),
    api.judge_case_again(bigint), data.judged_again(data.hazard_case),
    data.legal_act(data.hazard_case, integer[], text, jsonb),
    data.may_act(data.hazard_transition, data.hazard_case),
    data.has_proof(bigint, text, timestamptz), data.case_guard(bigint, text, jsonb),
    data.refuse(text, text, jsonb);
drop table data.hazard_rejudge;
