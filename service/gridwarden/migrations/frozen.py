"""Migrations run frozen SQL that stands beside them: what once ran stays as it ran."""

from pathlib import Path

from alembic import op
from sqlalchemy import text


def run_sql(migration: str, *, down: bool = False) -> None:
    """Run `<migration>.sql` (or `.down.sql`); `{srid}` becomes the working CRS."""
    from gridwarden.migrations import working_srid

    file = Path(migration).with_suffix(".down.sql" if down else ".sql")
    run_text(file.read_text(encoding="utf-8").replace("{srid}", str(working_srid())))


def run_text(statements: str) -> None:
    """Run SQL as it is: no parameters, so that `%` and `:` mean themselves."""
    connection = op.get_bind()
    connection.exec_driver_sql(statements)
    connection.execute(text("set local search_path to default"))
