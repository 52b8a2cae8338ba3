"""What the database itself holds: grants as declared, nothing for everybody, bare logins."""

from gridwarden.access.roles import role_name
from gridwarden.database import ADMINISTRATORS, ROLES
from gridwarden.database.addresses import LOGINS, login_name
from gridwarden.database.server import TELLTALES
from gridwarden.migrations.declared import SCHEMAS, declared
from gridwarden.watching.compliance.model import Asked, Seen, control, holds


@control("access", "V8", "V13")
def tables_as_declared(asked: Asked) -> Seen:
    """Every privilege on every table, view and column was declared; a base table is granted to
    nobody who asks but where a declaration says so.
    """
    said, names = declared(), _names(asked)
    found = [row for row in asked.all("grants", schemas=list(SCHEMAS)) if row[1] != "public"]
    more = 0
    for relation, role, right in found:
        schema = said.schemas.get(relation.partition(".")[0], {})
        allowed = said.relations.get(relation, {}) | schema
        more += right not in allowed.get(names.get(role, ""), set())
    return holds(not more, "run_up", n=len(found), more=more)


@control("access", "V8", "V13")
def functions_as_declared(asked: Asked) -> Seen:
    """Every right to call a function was declared."""
    said, names = declared(), _names(asked)
    found = [row for row in asked.all("executes", schemas=list(SCHEMAS)) if row[1] != "public"]
    more = 0
    for function, role in found:
        schema = said.schemas.get(function.partition(".")[0], {})
        allowed = said.functions.get(function, {}) | schema
        more += "execute" not in allowed.get(names.get(role, ""), set())
    return holds(not more, "run_up", n=len(found), more=more)


@control("access", "V8", "V13")
def nothing_for_public(asked: Asked) -> Seen:
    """PUBLIC has nothing in our schemas."""
    schemas = list(SCHEMAS)
    found = [row[0] for row in asked.all("grants", schemas=schemas) if row[1] == "public"]
    found += [row[0] for row in asked.all("executes", schemas=schemas) if row[1] == "public"]
    return holds(not found, "run_up", open=len(found))


@control("access", "V8")
def telltale_functions(asked: Asked) -> Seen:
    """ST_EstimatedExtent and its like, which answer about any table, are closed."""
    n, still_open = asked.one("telltales", names=TELLTALES)
    return holds(n > 0 and not still_open, n=n, open=still_open)


@control("access", "V8", "V13")
def bare_logins(asked: Asked) -> Seen:
    """The service's logins can read nothing by themselves."""
    names = [login_name(asked.settings, login) for login in LOGINS]
    n, rights = asked.one("bare", names=names)
    return holds(n == len(names) and not rights, n=n, rights=rights)


@control("access", "V8")
def administrators_read_no_main(asked: Asked) -> Seen:
    """None of the three can read where a main lies."""
    roles = [role_name(role) for role in ADMINISTRATORS]
    (n,) = asked.one("mains_of_administrators", roles=roles)
    return holds(n == 0, "run_up", n=n)


@control("intrusion", "V13")
def database_is_private(asked: Asked) -> Seen:
    """The private cluster listens on no TCP port; a server of the office's own speaks TLS."""
    listens, encryption, tls = asked.one("listens")
    private = asked.settings.database_url is None
    right = encryption == "scram-sha-256" and (listens == "" if private else tls)
    if not private and listens and _by_socket(asked):
        right = encryption == "scram-sha-256"
    return holds(right, listens=listens or "–", encryption=encryption)


def _by_socket(asked: Asked) -> bool:
    from gridwarden.database.addresses import server

    return server(asked.settings).get("host", "").startswith("/")


@control("integrity", "V2", "V16")
def triggers_on(asked: Asked) -> Seen:
    """What keeps history and lets nobody change the trail is switched on."""
    n, off, stays = asked.one("triggers")
    return holds(not off and stays >= 2, "run_up" if not off else "", n=n, off=off)


def _names(asked: Asked) -> dict[str, str]:
    """What the declarations call each role of the database."""
    named = {role_name(role): role for role in ROLES}
    return named | {login_name(asked.settings, login): login for login in LOGINS}
