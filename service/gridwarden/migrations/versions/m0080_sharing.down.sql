drop function api.propose_withdrawal(text, text), api.propose_rules(jsonb, jsonb, text, boolean),
    data.refuse_extended(text), data.refuse_later_base(jsonb), data.base_to_replace(jsonb, boolean),
    data.rule_changes(jsonb, jsonb), data.rule_change(jsonb, jsonb), data.rules_built_on(text[]),
    api.one_hand(text, text, text, text), api.same_person(text, text), api.plain_name(text), data.refuse(text, text, text, jsonb);
drop table data.rule_proposal;
