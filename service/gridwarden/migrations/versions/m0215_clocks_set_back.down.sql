select data.patch('data.wrote_all()', jsonb_build_array(jsonb_build_array(
    'set ended = greatest(clock_timestamp(), m.began) where', 'set ended = clock_timestamp() where')));
