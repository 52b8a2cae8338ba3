-- name: begin
-- A rule's day begins at the office's midnight: current_date is the office's in this transaction.
-- Who publishes waits for trials and imports of mains, but not for long.
select set_config('TimeZone', %(zone)s, true), set_config('lock_timeout', %(patience)s, true)

-- name: propose
select api.propose_rules(%(normal)s::jsonb, %(document)s::jsonb, %(why)s, %(instead)s)

-- name: propose_withdrawal
select api.propose_withdrawal(%(pack)s, %(why)s)

-- name: approve
select api.approve_rules(%(id)s, %(why)s)

-- name: become_owner
-- The owner's own transaction, in the name of who is at the machine.
select set_config('gridwarden.person', %(person)s, true),
       set_config('statement_timeout', %(timeout)s, true)

-- name: approve_alone
select api.approve_rules_alone(%(id)s, %(why)s, %(reason)s)

-- name: reject
select api.reject_rules(%(id)s, %(why)s)

-- name: take_back
select api.take_back_rules(%(id)s, %(why)s)

-- name: first
select api.first_rules(%(packs)s::jsonb)

-- name: named
-- Who acts as the database's owner, for the audit.
select set_config('gridwarden.person', %(person)s, true)

-- name: earlier
-- Packs of an earlier form, with the text of their one file.
select p.id, p.version, f.value
from api.rule_pack p cross join lateral jsonb_each_text(p.earlier_document) f
where p.form = 'earlier'
order by p.base desc, p.id

-- name: day
select data.rules_of_the_day()

-- name: proposals
-- Newest first; `changes` are told in numbers, the page of one tells each.
select jsonb_build_object('id', id, 'act', act, 'pack', pack, 'version', version, 'title', title,
           'instead_of', instead_of, 'valid_from', valid_from, 'why', why, 'state', state,
           'proposed_by', proposed_by, 'proposed_at', proposed_at, 'decided_by', decided_by,
           'decided_at', decided_at, 'decided_why', decided_why, 'mine_to_decide', mine_to_decide,
           'mine_to_take_back', mine_to_take_back, 'proposed_key_by', proposed_key_by,
           'decided_key_by', decided_key_by, 'alone', alone, 'alone_why', alone_why,
           'changes', jsonb_array_length(changes))
from api.rule_proposal
where id < %(before)s and (%(state)s::text is null or state = %(state)s)
order by id desc limit %(limit)s

-- name: proposal
select jsonb_build_object('id', id, 'act', act, 'pack', pack, 'version', version, 'title', title,
           'instead_of', instead_of, 'valid_from', valid_from, 'why', why, 'state', state,
           'proposed_by', proposed_by, 'proposed_at', proposed_at, 'decided_by', decided_by,
           'decided_at', decided_at, 'decided_why', decided_why, 'mine_to_decide', mine_to_decide,
           'mine_to_take_back', mine_to_take_back, 'proposed_key_by', proposed_key_by,
           'decided_key_by', decided_key_by, 'alone', alone, 'alone_why', alone_why,
           'job', job, 'judged_again', judged_again, 'built_on', built_on, 'changes', changes,
           'files', document)
from api.rule_proposal
where id = %(id)s

-- name: packs
-- What is in force, and what is published for a day that is still to come.
select p.id, p.version, p.level, p.base, p.extends, p.title, p.jurisdiction, p.valid_from,
       p.published_at, p.in_force,
       count(r.id) as rules, count(r.id) filter (where r.verified) as verified
from api.rule_pack p
left join api.rule r on r.pack = p.id and r.version = p.version
where p.withdrawn_at is null
  and (p.in_force or p.published_at = (select max(o.published_at) from api.rule_pack o where o.id = p.id))
group by p.id, p.version, p.level, p.base, p.extends, p.title, p.jurisdiction, p.valid_from,
         p.published_at, p.in_force
order by p.base desc, p.id, p.in_force desc

-- name: rules
select r.rule, r.pack, r.version, r.family, r.kind, r.subjects, r.counterpart, r.clause, r.edition,
       r.verified, r.certainty, r.text
from api.rule r
where r.in_force
order by r.pack, r.family, r.strength desc, r.rule

-- name: rule
-- The rule in force, or the newest of that name.
select r.*, p.title as pack_title, p.level, p.in_force as pack_in_force,
       (select coalesce(jsonb_agg(to_jsonb(w) - array['id', 'rule_id'] || jsonb_build_object(
            'figure_m', (
                select f.value from api.rule_figure f
                join api.rule_pack o on o.id = f.pack and o.version = f.version and o.in_force
                where f.id = w.figure and f.value is not null
                order by api.level_rank(o.level) desc,
                         o.published_at desc
                limit 1)) order by w.row_no), '[]')
        from api.rule_row w where w.rule_id = r.id) as rows
from api.rule r join api.rule_pack p on p.id = r.pack and p.version = r.version
where r.rule = %(rule)s
order by r.in_force desc, p.published_at desc
limit 1

-- name: published_files
-- The files of packs that people brought, which no folder of built-in packs has.
select distinct on (pack) pack, document
from api.rule_proposal
where act = 'publish' and state = 'approved'
order by pack, id desc
