grant execute on function api.publish_rules(jsonb, jsonb) to gridwarden_administrator;
grant execute on function data.turn_rules(date) to gridwarden_screen;
drop view api.rule_proposal;
drop function data.rules_of_the_day(), api.first_rules(jsonb), api.take_back_rules(bigint, text),
    api.reject_rules(bigint, text), api.approve_rules(bigint, text),
    api.approve_rules_alone(bigint, text, text), data.put_in_force(data.rule_proposal, text), data.withdraw_pack(text),
    data.decide(data.rule_proposal, text, text, bigint), data.waiting_proposal(bigint);
drop table data.rules_day;
