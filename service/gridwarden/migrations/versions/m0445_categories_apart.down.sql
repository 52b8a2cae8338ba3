select data.patch('api.match_list(bigint, jsonb, jsonb)', jsonb_build_array(jsonb_build_array(
$w$               case when p.same then 1 end as known,
               coalesce(o.category <> (set -> 'codes' ->> t.category) and k.score < 0.5, false) as apart
$w$,
$w$               case when p.same then 1 end as known
$w$),
    jsonb_build_array(
$w$              where p.words is not null or p.position is not null) w (score)
          cross join lateral (select case when p.apart then least(w.score, (set ->> 'apart')::float8)
                                          else w.score end) s (score)) q
$w$,
$w$              where p.words is not null or p.position is not null) s (score)) q
$w$)));
