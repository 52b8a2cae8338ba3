drop function api.sheet_applied(bigint, uuid), api.keep_sheet(text, text, text, jsonb, jsonb),
    api.forget_view(bigint), api.save_view(text, text, text[], boolean),
    api.undo_bulk(uuid, boolean, boolean), api.bulk_act(text, jsonb, boolean, boolean, jsonb);
drop view api.hazard_sheet, api.hazard_saved_view, api.bulk_act;
drop table data.hazard_sheet, data.hazard_saved_view, data.bulk_act;
