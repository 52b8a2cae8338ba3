-- What a screening of a whole city empties it holds locked until its end; a size that is asked of the
-- files waits for that. Of these four the catalogue's own count of pages is told instead.
-- And whose change made a difference that the rules made is not looked for, row by row.
do $patch$
declare
    step record;
    body text;
begin
    for step in select * from (values
        ('api.metrics()',
         $was$pg_total_relation_size(t.relid)$was$,
         $now$case when t.schemaname || '.' || t.relname in (
                    'data.again', 'data.judged', 'data.difference', 'data.change_seen')
                then (select coalesce(sum(c.relpages::bigint), 0) * current_setting('block_size')::integer
                      from pg_class c
                      where c.oid = t.relid
                         or c.oid in (select i.indexrelid from pg_index i where i.indrelid = t.relid))
                else pg_total_relation_size(t.relid) end$now$),
        ('api.finding_changes(timestamptz, timestamptz, text, text, text, text, text, bigint)',
         $was$cross join lateral data.change_of(c.source_layer, c.source_id, c.source_xid, zone) o$was$,
         $now$left join lateral (
        select b.* from data.change_of(c.source_layer, c.source_id, c.source_xid, zone) b
        where c.why is distinct from 'rule' offset 0) o on true$now$)
    ) t(signature, was, becomes) loop
        body := pg_get_functiondef(step.signature::regprocedure);
        if position(step.was in body) = 0 then
            raise exception '% is not the one that this changes', step.signature;
        end if;
        execute replace(body, step.was, step.becomes);
    end loop;
end
$patch$;
