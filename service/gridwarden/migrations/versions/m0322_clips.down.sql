drop function api.clip(bigint), api.give_ticket(bigint, bigint), api.end_ticket(bigint, bigint),
    api.tickets_held(), data.clip_holds(data.ticket_holder), data.clip_reach_m();
drop table data.ticket_holder;
