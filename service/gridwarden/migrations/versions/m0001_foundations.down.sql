-- Roles are cluster-wide and stay.
drop schema jobs cascade;
drop schema api cascade;
drop schema data cascade;
drop schema access cascade;
alter default privileges grant execute on functions to public;
