drop trigger notify_acts on data.hazard_act;
drop function api.notices_seen(bigint), api.my_notice_address(), api.set_notice_address(text);
drop view api.notice;
drop function api.my_account(), data.letter_failed(bigint[], text, double precision),
    data.letter_sent(bigint[]), data.next_letter(integer, double precision),
    data.keep_notice_rules(jsonb), data.remind(), data.notify_acts(),
    data.told_of(data.hazard_case, text[]);
drop table data.notice, data.notice_address, data.notice_rule;
