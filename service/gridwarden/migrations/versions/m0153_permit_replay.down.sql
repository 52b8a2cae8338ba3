drop function api.permit_replay(bigint, jsonb), api.permit_replay_words(bigint), data.permit_kept(bigint),
    data.replayed(data.permit_answer, jsonb), data.replay_code(data.permit_answer),
    data.replay_tables(pg_snapshot, geometry);
do $patch$
declare
    body text := pg_get_functiondef('api.permit_answer(jsonb, jsonb, text)'::regprocedure);
    was constant text := $was$j.first, work - 'words' || jsonb_build_object('replay',
                jsonb_build_object('area', area, 'language', language,
                                   'words', md5((work -> 'words')::text))),$was$;
begin
    if position(was in body) = 0 then
        raise exception 'api.permit_answer is not the one that this changed';
    end if;
    execute replace(body, was, $new$j.first, work - 'words',$new$);
end
$patch$;
alter table data.permit_answer drop orgs, drop epoch, drop program;
drop function data.program(), data.epoch();
drop trigger keep_row on data.dataset;
drop trigger keep_row on data.rule_pack;
drop trigger keep_row on data.rule;
drop function data.keep_row();
drop table data.kept_row;
