-- Screenings are kept: what each saw, what it judged, and how the findings changed by it, apart for
-- what the rules did and what the data did. And what is judged is known by a mark, so that a change
-- of rules has that judged again which it changed, and nothing else.

create table data.screening (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    reason text not null check (reason in ('data', 'rules', 'asked')),
    job bigint,
    role text,
    person text,
    packs_before jsonb not null,
    packs_after jsonb not null,
    changes bigint not null,
    statements integer not null,
    of_statements integer not null,
    seconds numeric not null
);
comment on table data.screening is
    'One row a screening: who caused it, the packs in force at the one before and at this one, the '
    'changes of data that it saw, and how many of the statements it judged.';

create table data.screening_count (
    screening_id bigint not null references data.screening on delete cascade,
    family text not null,
    reason text not null check (reason in ('rule', 'data')),
    added bigint not null,
    changed bigint not null,
    ended bigint not null,
    primary key (screening_id, family, reason)
);
comment on column data.screening_count.reason is
    'rule: what judges the finding changed since the last screening, and neither its subject nor its '
    'counterpart did. All else is data.';

-- What the findings that there are were judged by.
create table data.judged_group (
    family text not null,
    layer text not null,
    mark text not null,
    primary key (family, layer)
);
comment on table data.judged_group is
    'A family on a layer, and the mark of what judged it last. One whose mark is another now is '
    'judged again.';

-- The changes that a screening took from the queue, without their places; its own difference from
-- the findings that there are. Filled and emptied in its transaction, as data.judged is.
create unlogged table data.change_seen (
    layer text not null,
    feature_id bigint,
    xid xid8 not null,
    rows bigint not null
);
create unlogged table data.difference (
    act text not null check (act in ('added', 'changed', 'ended')),
    finding_id bigint,
    family text not null,
    layer text not null,
    subject_id bigint not null,
    main_id bigint,
    counterpart_layer text,
    counterparts bigint[] not null,
    moved boolean not null,
    told boolean not null,
    reason text not null default 'data'
);
comment on table data.difference is
    'What a screening writes. `moved`: the finding itself is another; `told`: its evidence is.';

---------------------------------------------------------------------------- marks
-- A rule as its pack says it, all rows with it; versions of a pack that say the same are the same.
create function data.rule_said(rule_id bigint) returns text
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select md5((to_jsonb(r) - array['id', 'version', 'in_force'])::text || (
        select coalesce(jsonb_agg(to_jsonb(w) - array['id', 'rule_id'] order by w.row_no), '[]')::text
        from data.rule_row w where w.rule_id = r.id))
    from data.rule r where r.id = rule_said.rule_id
$$;

-- Two rows of tables that say the same: of versions of one pack whose rule did not change.
create function data.same_row(a bigint, b bigint) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select x.row_no = y.row_no and data.rule_said(x.rule_id) = data.rule_said(y.rule_id)
    from data.rule_row x, data.rule_row y where x.id = a and y.id = b
$$;

-- How mains are read: classes, diameters, and what a main of unknown diameter counts with.
create function data.mains_read() returns text
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select md5(concat_ws('|', data.missing_outer_diameter(), data.shown_classes(),
        (select jsonb_agg(to_jsonb(c) - 'version' order by c.pack, c.system, c.rank, c.class)
         from data.rule_class c
         join data.rule_pack p on p.id = c.pack and p.version = c.version and p.in_force),
        (select jsonb_agg(to_jsonb(d) - 'version' order by d.pack, d.material, d.dn)
         from data.rule_outer_diameter d
         join data.rule_pack p on p.id = d.pack and p.version = d.version and p.in_force)))
$$;

-- The code that judges: after an upgrade everything is judged again, once.
create function data.judging_code() returns text
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select md5(string_agg(p.oid::regprocedure::text || p.prosrc, '|'
                          order by p.oid::regprocedure::text))
    from pg_proc p where p.pronamespace = 'data'::regnamespace and p.prokind = 'f'
$$;

-- Figures that a rule uses, with what they are here now.
create function data.figures_used(rule_id bigint) returns jsonb
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select coalesce(jsonb_object_agg(f.id, data.figure(f.id)), '{}')
    from (select w.figure as id from data.rule_row w where w.rule_id = figures_used.rule_id
          union
          select ltrim(n.v #>> '{}', '@')
          from data.rule r cross join lateral jsonb_path_query(r.test, '$.**') n(v)
          where r.id = figures_used.rule_id and jsonb_typeof(n.v) = 'string'
            and (n.v #>> '{}' like '@%'
                 or exists (select from data.rule_figure k where k.id = n.v #>> '{}'))) f
    where f.id is not null
$$;

-- Every family on every layer that is judged now. `beside` are layers of which any feature may change
-- what is found here without the finding naming it: what is counted, or looked for in vain.
create function data.judging_marks()
    returns table (family text, layer text, mark text, statements integer, beside text[])
    language sql stable set search_path = pg_catalog, public, pg_temp as
$$
    select s.family, s.layer,
           md5(string_agg(m.mark, '|' order by m.mark) || data.judging_code() || data.point_radius()
               || coalesce((select string_agg(a.attname, ',' order by a.attnum) from pg_attribute a
                            where a.attrelid = to_regclass('data.' || quote_ident(s.layer))
                              and a.attnum > 0 and not a.attisdropped), '')),
           count(*)::integer,
           array(select distinct b.layer from data.rule r
                 cross join lateral (values (case when r.kind = 'absence' then r.counterpart end),
                     (r.test #>> '{location,layer}')) b(layer)
                 where r.in_force and r.family = s.family and s.layer = any (r.subjects)
                   and b.layer is not null)
    from data.statements() s
    cross join lateral (
        select s.kind || string_agg(data.rule_said(r.id) || data.figures_used(r.id), '|'
                                    order by r.pack, r.rule)
               || case when bool_or('gas_pipelines' in (r.counterpart, s.layer))
                       then data.mains_read() else '' end as mark
        from data.rule r where r.id = any (s.rule_ids)) m
    group by s.family, s.layer
$$;

---------------------------------------------------------------------------- what the data did
-- Features that the changes seen were of. A statement of over 10,000 rows left one line in the queue;
-- history knows which they were.
create function data.changed_features() returns table (layer text, feature_id bigint)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select c.layer, c.feature_id from data.change_seen c where c.feature_id is not null
    union
    select h.layer, h.feature_id
    from (select distinct c.layer, c.xid from data.change_seen c where c.feature_id is null) c
    join data.history h on h.layer = c.layer and c.xid in (h.xid_from, h.xid_to)
$$;

create function data.packs_in_force() returns jsonb
    language sql stable set search_path = pg_catalog, pg_temp as
$$
    select coalesce(jsonb_object_agg(p.id, p.version), '{}') from data.rule_pack p where p.in_force
$$;

---------------------------------------------------------------------------- reading
-- Numbers of a whole city, as those of districts are: no place is in them. Who reads mains of his own
-- alone, or only those beside a call, reads nothing of families that any rule ever judged against mains:
-- to somebody who brings features of his own a number of them is as good as a distance.
create view api.screening as
    select s.id, s.at, s.reason, s.role, s.packs_before, s.packs_after, s.changes, s.statements,
           s.of_statements, s.seconds,
           (select p.id from data.rule_proposal p where p.job = s.job) as proposal,
           coalesce((select jsonb_agg(to_jsonb(c) - 'screening_id' order by c.family, c.reason desc)
                     from data.screening_count c
                     where c.screening_id = s.id
                       and (api.role() in ('supervisor', 'planner') or not exists (
                           select from data.rule r where r.family = c.family
                             and (r.counterpart = 'gas_pipelines' or 'gas_pipelines' = any (r.subjects))))), '[]') as counts
    from data.screening s;

---------------------------------------------------------------------------- grants
revoke all on function data.rule_said(bigint), data.same_row(bigint, bigint), data.mains_read(),
    data.judging_code(), data.figures_used(bigint), data.judging_marks(), data.changed_features(),
    data.packs_in_force() from public;
grant execute on function data.rule_said(bigint), data.same_row(bigint, bigint), data.mains_read(),
    data.judging_code(), data.figures_used(bigint), data.judging_marks(), data.changed_features(),
    data.packs_in_force() to gridwarden_screen;
grant select, insert on data.screening, data.screening_count to gridwarden_screen;
grant select, insert, delete on data.judged_group to gridwarden_screen;
grant select, insert, truncate on data.change_seen to gridwarden_screen;
grant select, insert, update, truncate on data.difference to gridwarden_screen;
grant select on api.screening to
    gridwarden_utility, gridwarden_supervisor, gridwarden_planner, gridwarden_dispatcher;
