drop function api.embed_shown(bytea), api.revoke_embed(bigint), api.embeds_in_turn(),
    api.keep_embed(jsonb, jsonb, jsonb, bytea, interval);
alter table data.told_held drop constraint told_held_embed_id_fkey;
drop view api.embed;
drop table data.embed_cell, data.embed;
