"""Commands that make and take archives, ended in the middle; what is allowed in a database."""

import subprocess
import sys
import time
from typing import Any

from commands import run_command
from conftest import environment, owner
from gridwarden.database import accounts
from gridwarden.settings import Settings

OTHERS = (
    "select count(*) from pg_stat_activity where datname = current_database()"
    " and backend_type = 'client backend' and pid <> pg_backend_pid()"
)
PASSPHRASE = "five words drawn by chance"
RIGHTS = (
    "select n.nspname, c.relname, c.relkind::text, c.relacl::text, c.relowner::regrole::text,"
    " array(select a.attname || a.attacl::text from pg_attribute a where a.attrelid = c.oid"
    "       and a.attacl is not null order by 1)"
    " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where n.nspname in ('access', 'api', 'data', 'jobs', 'public') order by 1, 2",
    "select p.oid::regprocedure::text, p.prosecdef, p.proacl::text, p.proconfig::text,"
    " p.proowner::regrole::text, md5(pg_get_functiondef(p.oid)) from pg_proc p"
    " where p.prokind = 'f' and (p.pronamespace::regnamespace::text in"
    " ('access', 'api', 'data', 'jobs', 'public')) order by 1",
    "select nspname::text, nspacl::text, nspowner::regrole::text from pg_namespace"
    " where nspname !~ '^pg_(temp|toast)' order by 1",
    "select defaclrole::regrole::text, defaclobjtype::text, defaclacl::text from pg_default_acl",
    "select rolname::text, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin,"
    " rolbypassrls from pg_roles where rolname ~ '^gridwarden_([a-z]+|(web|worker)_gridwarden)$'"
    " order by 1",
    "select roleid::regrole::text, member::regrole::text, admin_option from pg_auth_members"
    " where member::regrole::text ~ '^gridwarden_(web|worker)_gridwarden$' order by 1, 2",
    "select t.tgrelid::regclass::text, t.tgname::text, t.tgenabled::text from pg_trigger t"
    " where not t.tgisinternal order by 1, 2",
    "select c.conrelid::regclass::text, c.conname::text, c.convalidated from pg_constraint c"
    " where c.connamespace::regnamespace::text in ('access', 'api', 'data', 'jobs') order by 1, 2",
    "select indexrelid::regclass::text, md5(pg_get_indexdef(indexrelid)) from pg_index"
    " where indrelid::regclass::text !~ '^pg_' order by 1",
)


def everything_allowed(settings: Settings) -> list[list[tuple[Any, ...]]]:
    """Owners, rights of tables, columns, functions, schemas, by default, roles, triggers."""
    with accounts.connect_superuser(settings, "gridwarden") as c:
        return [c.execute(one).fetchall() for one in RIGHTS]  # type: ignore[call-overload]


def command(settings: Settings, *words: object, **variables: str) -> Any:
    given = {"GRIDWARDEN_LANGUAGE": "en", "GRIDWARDEN_BACKUP_PASSPHRASE": PASSPHRASE} | variables
    if settings.database_url is not None:
        given["GRIDWARDEN_DATABASE_URL"] = settings.database_url
    return run_command(settings, *words, **given)


def killed(settings: Settings, words: list[object], moment: str) -> None:
    """The command is ended by kill -9 when something of this name is in the state folder."""
    given = environment(settings) | {"GRIDWARDEN_BACKUP_PASSPHRASE": PASSPHRASE}
    if settings.database_url is not None:
        given["GRIDWARDEN_DATABASE_URL"] = settings.database_url
    line = [sys.executable, "-m", "gridwarden", *map(str, words)]
    running = subprocess.Popen(line, env=given, stdout=subprocess.DEVNULL)
    while not any(settings.home.glob(moment)) and running.poll() is None:
        time.sleep(0.002)
    running.kill()
    assert running.wait() == -9, "it had ended before the moment came"


def rows(settings: Settings, query: str) -> list[Any]:
    with owner(settings) as c:
        return c.execute(query).fetchall()  # type: ignore[call-overload,no-any-return]
