-- When a transaction ended is not before it began, whatever was done to the server's clock meanwhile:
-- such a range is none, and the commit was refused.
select data.patch('data.wrote_all()', jsonb_build_array(jsonb_build_array(
    'set ended = clock_timestamp() where', 'set ended = greatest(clock_timestamp(), m.began) where')));
