drop trigger case_waits_ended on data.finding;
drop trigger case_waits_changed on data.finding;
drop trigger case_waits_added on data.finding;
drop function data.follow_findings(jsonb, integer), data.follow_evidence(timestamptz),
    data.follow_by(text, timestamptz), data.open_cases(jsonb, timestamptz), data.take_waiting(integer),
    data.case_waits(), api.report_case(jsonb), data.ground_of(geometry);
drop table data.hazard_now, data.hazard_wait;
