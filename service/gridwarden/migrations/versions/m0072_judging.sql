-- Rules to SQL: one set-based statement for each family of rules on mains and subject layer, and one
-- for each other rule. Only names and conditions are composed in, by format(); every number of a
-- table stays in data.main_rule, which the statements join. `gridwarden rules explain` prints them.

-- A number of a condition: itself, or the figure that "@id" names (null where the city has not set it).
create function data.number_sql(number jsonb) returns text
    language sql stable as
$$
    select case when jsonb_typeof(number) = 'string'
                then format('data.figure(%L)::double precision', ltrim(number #>> '{}', '@'))
                else (number #>> '{}')::numeric::text end
$$;

create function data.text_array(list jsonb) returns text[]
    language sql immutable as
$$ select array(select jsonb_array_elements_text(list)) $$;

-- What judging needs to know of conditions [{column, is, not, over, upto, from, under, per, estimate,
-- unknown}]: an expression on the row `a`, true, false or null for unknown; all must hold. Where a
-- condition says unknown = "no", what is not on record does not meet it.
create function data.condition_sql(conditions jsonb, a text) returns text
    language sql stable as
$$
    select coalesce(string_agg('(' || one.expression || ')', ' and ' order by c.n), 'true')
    from jsonb_array_elements(coalesce(conditions, '[]')) with ordinality c(v, n)
    cross join lateral (
        select format('%I.%I', a, c.v ->> 'column') as col,
               case when c.v ? 'per' then format('(%I.%I / nullif(%I.%I, 0)::double precision)', a,
                        c.v ->> 'column', a, c.v ->> 'per')
                    else format('%I.%I', a, c.v ->> 'column') end as value
    ) named
    cross join lateral (
        select case
            when c.v ? 'is' then format('%s::text = any (%L::text[])', col, data.text_array(c.v -> 'is'))
            when c.v ? 'not' then format('not %s::text = any (%L::text[])', col, data.text_array(c.v -> 'not'))
            else (select string_agg(format('%s %s %s', value, o.sign, data.number_sql(c.v -> o.key)), ' and ')
                  from (values ('over', '>'), ('upto', '<='), ('from', '>='), ('under', '<')) o(key, sign)
                  where c.v ? o.key) end as plain
    ) said
    cross join lateral (
        select case when c.v ? 'estimate' then format(
                'case when %1$s is not null then %2$s when %3$I.%4$I * %5$s > %6$s then true '
                'when %3$I.%4$I * %5$s >= %7$s then null else false end', col, plain, a,
                c.v #>> '{estimate,column}', (c.v #>> '{estimate,factor}')::numeric,
                (c.v #>> '{estimate,certain_over}')::numeric, (c.v #>> '{estimate,possible_from}')::numeric)
            when c.v ->> 'unknown' = 'no' then format('coalesce(%s, false)', plain)
            else plain end as expression
    ) one
$$;

-- Which columns of the conditions were not on record: an expression of type text[].
create function data.missing_sql(conditions jsonb, a text) returns text
    language sql stable as
$$
    select coalesce('array_remove(array[' || string_agg(distinct format(
            'case when %1$I.%2$I is null then %2$L end', a, n.name), ', ') || '], null)', '''{}''::text[]')
    from jsonb_array_elements(coalesce(conditions, '[]')) c(v)
    cross join lateral unnest(array[c.v ->> 'column', c.v ->> 'per']) n(name)
    where n.name is not null
$$;

-- Figures that a rule's conditions or rows need and no pack in force sets: it judges nobody.
create function data.unset_figures(rule_id bigint) returns text[]
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select coalesce(array_agg(distinct f.id order by f.id) filter (where data.figure(f.id) is null), '{}')
    from (select w.figure as id from data.rule_row w where w.rule_id = unset_figures.rule_id
          union
          select r.test #>> '{people,figure}' from data.rule r where r.id = unset_figures.rule_id
          union
          select ltrim(n.v #>> '{}', '@')
          from data.rule r
          cross join lateral jsonb_path_query(r.test, '$.**') n(v)
          where r.id = unset_figures.rule_id and jsonb_typeof(n.v) = 'string' and n.v #>> '{}' like '@%') f
    where f.id is not null
$$;

-- For a statement that serves several rules: which expression holds for which.
create function data.by_rule_sql(rule_ids bigint[], what text, a text, otherwise text) returns text
    language sql stable as
$$
    -- one rule's own expression stays plain: the planner can then judge it before it joins
    select case when count(*) = 1 then min(said.expression)
                when bool_or(said.expression <> otherwise)
                then 'case r.id ' || string_agg(format('when %s then %s', r.id, said.expression), ' '
                        order by r.id) filter (where said.expression <> otherwise)
                     || ' else ' || otherwise || ' end'
                else otherwise end
    from data.rule r
    cross join lateral (
        select case what
            when 'where' then data.condition_sql(r.test -> 'where', a)
            when 'missing' then data.missing_sql(r.test -> 'where', a)
            when 'counterpart_where' then data.condition_sql(r.test -> 'counterpart_where', a)
            when 'counterpart_missing' then data.missing_sql(r.test -> 'counterpart_where', a)
            when 'people' then case when r.test ? 'people'
                then format('%I.%I * data.figure(%L)', a, r.test #>> '{people,column}',
                            r.test #>> '{people,figure}') else 'null::numeric' end
            end as expression) said
    where r.id = any (rule_ids)
$$;

-- Whether any of the rules could be about a row, as far as it alone tells.
create function data.any_rule_sql(rule_ids bigint[], what text, a text) returns text
    language sql stable as
$$
    select case when bool_or(said.expression = 'true') then 'true'
                else string_agg(format('(%s) is distinct from false', said.expression), ' or '
                    order by r.id) end
    from data.rule r
    cross join lateral (select data.condition_sql(r.test -> what, a) as expression) said
    where r.id = any (rule_ids)
$$;

-- Whether a layer's table has a column.
create function data.has_column(layer text, name text) returns boolean
    language sql stable as
$$
    select exists (select from pg_attribute a where a.attrelid = format('data.%I', layer)::regclass
                   and a.attname = name and a.attnum > 0 and not a.attisdropped)
$$;

-- The statement itself. The sources are relations as SQL: what a screen judges, or a proposal.
create function data.statement(kind text, family text, layer text, rule_ids bigint[],
        subjects text default null, mains text default 'data.gas_pipelines',
        pieces text default 'data.main_piece', asked text default 'data.main_rule',
        own_pieces text default 'data.main_piece') returns text
    language plpgsql stable as
$$
declare
    r data.rule;
    said text := data.judging_template(statement.kind);
    points constant boolean := statement.layer not in (
        select g.f_table_name from public.geometry_columns g
        where g.f_table_schema = 'data' and g.type like 'MULTI%');
    -- a subject that is a line with an outer diameter of its own is measured from its outer edge
    lines constant boolean := data.has_column(statement.layer, 'od_mm');
begin
    select * into r from data.rule where id = rule_ids[1];
    said := replace(said, '{{judged}}', data.judging_template('judged'));
    said := replace(said, '{{place}}', data.judging_template('place'));
    said := replace(said, '{{subjects}}', coalesce(subjects, format('data.%I', statement.layer)));
    said := replace(said, '{{mains}}', mains);
    said := replace(said, '{{pieces}}', pieces);
    said := replace(said, '{{own_pieces}}', own_pieces);
    said := replace(said, '{{asked}}', asked);
    said := replace(said, '{{family}}', quote_literal(statement.family));
    said := replace(said, '{{layer}}', quote_literal(statement.layer));
    said := replace(said, '{{rules}}', quote_literal(rule_ids::text) || '::bigint[]');
    said := replace(said, '{{radius}}', case when points then 'data.point_radius()' else '0::double precision' end);
    said := replace(said, '{{edge}}', case when lines
        then 'coalesce(s.od_mm, s.dn, 0) / 2000' else '0::double precision' end);
    said := replace(said, '{{edge_missing}}', case when lines
        then 'case when r.measured_to = ''outer_edge'' and coalesce(s.od_mm, s.dn) is null then ''od_mm'' end'
        else 'null::text' end);
    said := replace(said, '{{depth_top}}', case when data.has_column(statement.layer, 'depth_top_m')
        then 's.depth_top_m' else 'null::double precision' end);
    said := replace(said, '{{method}}', case when data.has_column(statement.layer, 'method')
        then 's.method' else 'null::text' end);
    said := replace(said, '{{work_depth}}', case when data.has_column(statement.layer, 'depth_m')
        then 's.depth_m::numeric' else 'null::numeric' end);
    said := replace(said, '{{where}}', data.by_rule_sql(rule_ids, 'where', 's', 'true'));
    said := replace(said, '{{where_missing}}', data.by_rule_sql(rule_ids, 'missing', 's', '''{}''::text[]'));
    said := replace(said, '{{any_where}}', data.any_rule_sql(rule_ids, 'where', 's'));
    said := replace(said, '{{any_counted}}', data.any_rule_sql(rule_ids, 'counterpart_where', 'c'));
    said := replace(said, '{{people}}', data.by_rule_sql(rule_ids, 'people', 's', 'null::numeric'));
    said := replace(said, '{{counted}}', data.by_rule_sql(rule_ids, 'counterpart_where', 'c', 'true'));
    said := replace(said, '{{counted_missing}}',
                    data.by_rule_sql(rule_ids, 'counterpart_missing', 'c', '''{}''::text[]'));
    said := replace(said, '{{counterpart}}', coalesce(quote_literal(r.counterpart), 'null'));
    said := replace(said, '{{counterparts}}', coalesce('data.' || quote_ident(r.counterpart), 'null'));
    said := replace(said, '{{counts}}', coalesce('data.' || quote_ident(r.test #>> '{location,layer}'), 'null'));
    said := replace(said, '{{units}}', coalesce('b.' || quote_ident(r.test #>> '{location,units}'), 'null::integer'));
    said := replace(said, '{{along_m}}', coalesce((r.test #>> '{location,along_m}')::numeric, 0)::text);
    said := replace(said, '{{each_pair}}', 'a.main_id < b.main_id');
    said := replace(said, '{{others}}', case when statement.layer = r.counterpart then 's.id <> c.id' else 'true' end);
    return said;
end
$$;

---------------------------------------------------------------------------- what there is to judge
-- One line a statement, in a steady order; rules whose figures the city has not set are left out.
create function data.statements()
    returns table (name text, family text, layer text, kind text, rule_ids bigint[], sql text)
    language sql stable as
$$
    select coalesce(case when l.kind in ('absence', 'attribute', 'location')
                         then (select r.rule from data.rule r where r.id = l.rule_ids[1]) end,
                    l.family) || ' · ' || l.layer,
           l.family, l.layer, l.kind, l.rule_ids,
           data.statement(l.kind, l.family, l.layer, l.rule_ids)
    from (
        select r.family, s.layer, k.kind, array_agg(r.id order by r.id) as rule_ids,
               min(case when k.kind in ('absence', 'attribute', 'location') then r.rule end) as rule
        from data.rule r
        cross join lateral unnest(r.subjects) s(layer)
        cross join lateral (select case
            when r.kind in ('absence', 'attribute') then r.kind
            when r.test ? 'location' then 'location'
            when r.counterpart = 'gas_pipelines' and s.layer = 'gas_pipelines' then 'mains'
            when r.counterpart = 'gas_pipelines' then 'pairs'
            else 'neighbours' end as kind) k
        where r.in_force and data.unset_figures(r.id) = '{}'
        group by r.family, s.layer, k.kind,
                 case when k.kind = 'neighbours' then r.counterpart
                      when k.kind in ('absence', 'attribute', 'location') then r.id::text end
    ) l
    order by l.family, l.layer, l.kind, l.rule, l.rule_ids
$$;
