"""The roles that callers take in the database, and the two logins that may take them.

Roles are cluster-wide and not in a dump: they are made idempotently before every migration and
never dropped. Login names end in the database's name, so two deployments share one server.
"""

from sqlalchemy import Connection, text

from gridwarden.database.caller import ADMINISTRATORS, ASKERS, PICTURES, ROLES, WORK_ROLES

MEMBERS = {"web": ASKERS + PICTURES + ADMINISTRATORS, "worker": WORK_ROLES}
"""Which roles each login may take."""


def role_name(role: str) -> str:
    """The PostgreSQL name of a role."""
    return f"gridwarden_{role}"


def login_name(login: str, database: str) -> str:
    """The PostgreSQL name of a login."""
    return f"gridwarden_{login}_{database}"


def ensure_roles(connection: Connection) -> None:
    """Make missing roles, logins and memberships. Needs CREATEROLE."""
    quote = connection.dialect.identifier_preparer.quote
    there = set(connection.scalars(text("select rolname from pg_roles")))
    database = connection.scalar(text("select current_database()"))
    for role in ROLES:
        if role_name(role) not in there:
            connection.execute(text(f"create role {role_name(role)} nologin noinherit"))
    for login, roles in MEMBERS.items():
        name = login_name(login, str(database))
        if name not in there:
            # No password yet: nobody can log in until `up` gives one.
            connection.execute(text(f"create role {quote(name)} login noinherit"))
        for role in roles:
            member = connection.scalar(
                text("select pg_has_role(:name, :role, 'member')"),
                {"name": name, "role": role_name(role)},
            )
            if not member:
                connection.execute(text(f"grant {role_name(role)} to {quote(name)}"))
