"""Migrations run frozen SQL that stands beside them: what once ran stays as it ran."""

from pathlib import Path

from alembic import op


def run_sql(migration: str, *, down: bool = False) -> None:
    """Run `<migration>.sql` (or `.down.sql`); `{srid}` becomes the working CRS."""
    from gridwarden.migrations import working_srid

    file = Path(migration).with_suffix(".down.sql" if down else ".sql")
    run_text(file.read_text(encoding="utf-8").replace("{srid}", str(working_srid())))


def run_before(migration: str, heading: str) -> None:
    """Run `<migration>.sql` up to the line that holds `heading`. Raises ValueError without one."""
    from gridwarden.migrations import working_srid

    text = Path(migration).with_suffix(".sql").read_text(encoding="utf-8")
    before = text[: text.rindex("\n", 0, text.index(heading))]
    run_text(before.replace("{srid}", str(working_srid())))


def run_text(statements: str, path: str = "default") -> None:
    """Run SQL as it is, on the driver's own connection: `%` and `:` mean themselves."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(f"set local search_path to {path}")
    driver.execute(statements)
    driver.execute("set local search_path to default")
