drop function data.forget_deliveries(integer);
drop function data.webhooks_on();
drop function data.end_webhooks();
drop function api.test_webhook(bigint, text);
drop function api.resume_webhook(bigint);
drop function api.drop_webhook(bigint);
drop function api.add_webhook(bytea, text, text, jsonb, integer);
drop view api.delivery, api.webhook;
drop table data.delivery, data.webhook;
