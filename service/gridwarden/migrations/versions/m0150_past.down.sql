select data.untwin(l.id) from data.layer l;
drop function data.untwin(text), data.twin(text), data.twin_view(text, text[]),
    api.go_back(timestamptz, text), api.at_findings(), api.at_span(), api.at_open(), api.at();
drop table data.kept_since;
drop index data.history_closed;
alter table data.history drop nature;
drop trigger wrote on data.history;
drop table data.moment;
drop function data.wrote_all(), data.wrote();
