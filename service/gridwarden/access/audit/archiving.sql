-- name: due
-- The first seals that are not archived, as long as all in them are older than they must be.
with begun as (select coalesce(max(a.last_seal), 0) as upto from data.audit_archive a),
young as (
    select min(s.number) as number from data.audit_seal s
    where s.sealed_at > clock_timestamp() - make_interval(days => %(days)s))
select b.upto + 1, least(max(s.number), b.upto + %(n)s)
from begun b
join data.audit_seal s on s.number > b.upto
    and s.number < coalesce((select y.number from young y), 9223372036854775807)
group by b.upto

-- name: archive
select api.archive_audit(%(first)s, %(last)s, %(days)s, %(file)s, %(sha256)s)

-- name: archives
select first_seal, last_seal, rows, file, sha256, archived_at from data.audit_archive
order by first_seal
