-- name: become
-- Role settings by ALTER ROLE … SET are not applied by SET ROLE, so the timeout is set here, too.
select set_config('role', %(role)s, true),
       set_config('statement_timeout',
                  coalesce(%(timeout)s::text, nullif(current_setting('statement_timeout'), '0'), '15s'),
                  true),
       set_config('gridwarden.person', %(person)s, true),
       set_config('gridwarden.orgs', %(orgs)s, true),
       set_config('gridwarden.districts', %(districts)s, true),
       set_config('gridwarden.grids', %(grids)s, true),
       set_config('gridwarden.made_by', %(made_by)s, true),
       set_config('gridwarden.look', '', true)
