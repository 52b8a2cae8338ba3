drop function api.take_from_batch(bigint, bigint, text), api.fill_batch(bigint, jsonb),
    api.make_batch(jsonb), api.set_batch_kinds(jsonb), data.keep_batch_kinds(jsonb);
drop view api.batch_total, api.batch, api.batch_item, api.batch_kind;
drop table data.batch_item, data.batch, data.batch_kind;
