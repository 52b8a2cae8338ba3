drop function api.finding_number(timestamptz, text, text, text, text, bigint),
    api.findings_as_of(timestamptz);
drop function api.finding_changes(timestamptz, timestamptz, text, text, text, text, text, bigint);
drop function data.part_of(text, boolean, date, date), data.change_of(text, bigint, xid8, text),
    data.own_days(jsonb, text);
