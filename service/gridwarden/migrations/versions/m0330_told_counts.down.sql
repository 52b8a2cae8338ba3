grant select on api.finding_count, api.finding_count_at to gridwarden_viewer;
drop function api.told_open(jsonb, integer), api.told_counts_at(jsonb), api.told_counts(jsonb),
    api.told_tree(jsonb), data.heavy(jsonb, text, text, bigint),
    data.withheld(bigint[], boolean[], text[], boolean), data.least_told();
drop table data.told_held, data.told_dice;
