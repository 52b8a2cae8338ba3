drop view api.screening;
drop function data.packs_in_force(), data.changed_features(), data.judging_marks(),
    data.figures_used(bigint), data.judging_code(), data.mains_read(), data.same_row(bigint, bigint),
    data.rule_said(bigint);
drop table data.difference, data.change_seen, data.judged_group, data.screening_count, data.screening;
