drop function data.try_rules(jsonb, jsonb, text, boolean);
drop table data.tried, data.rule_trial;
drop function data.no_trial_stays();
