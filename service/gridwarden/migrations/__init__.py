"""Alembic over the whole house: every table, function and grant comes from here."""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, NullPool, create_engine, text

from gridwarden.access.roles import ensure_roles
from gridwarden.database.cluster import owner_url
from gridwarden.hazards.life_cycle.keeping import keep as keep_life_cycle
from gridwarden.settings import Settings

HERE = Path(__file__).parent
_srid: ContextVar[int] = ContextVar("working_srid")

extra_locations: list[Path] = []
"""Folders with further migrations (a layer that lives outside the package)."""


def working_srid() -> int:
    """EPSG code of the working CRS of the database that is being migrated."""
    return _srid.get()


def upgrade(settings: Settings, revision: str = "heads") -> None:
    """Bring the database to `revision`. Raises sqlalchemy.exc.DBAPIError; nothing is half done.

    A layer that is new gets the indexes that every layer has besides those of its own file.
    """
    _run(settings, lambda config: command.upgrade(config, revision))
    with _engine(settings).begin() as connection:
        if connection.scalar(text("select to_regproc('data.index_layers')")) is not None:
            connection.execute(text("select data.index_layers()"))
    keep(settings)


def keep(settings: Settings) -> None:
    """Have the database hold what files of this program say: the life cycle of hazard cases.

    What was found by an earlier program is judged again by the worker.
    """
    with _engine(settings).begin() as connection:
        keep_life_cycle(connection)
        if connection.scalar(text("select to_regproc('data.judge_upgraded')")) is not None:
            connection.execute(text("select data.judge_upgraded()"))


def downgrade(settings: Settings, revision: str) -> None:
    """Take migrations back to `revision`; roles survive."""
    _run(settings, lambda config: command.downgrade(config, revision))


def current(settings: Settings) -> str | None:
    """The newest revision the database has, or None for an empty one."""
    engine = _engine(settings)
    with engine.connect() as connection:
        if connection.scalar(text("select to_regclass('public.alembic_version')")) is None:
            return None
        newest = connection.scalar(text("select max(version_num) from public.alembic_version"))
        return None if newest is None else str(newest)


def is_current(settings: Settings) -> bool:
    """Whether no migration is waiting."""
    heads = ScriptDirectory.from_config(configuration()).get_heads()
    return [current(settings)] == heads


def configuration(locations: Sequence[Path] = ()) -> Config:
    """Alembic's configuration, made in code: there is no ini file to find."""
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    folders = [HERE / "versions", *extra_locations, *locations]
    config.set_main_option(
        "version_locations", "\n".join(str(f).replace("%", "%%") for f in folders)
    )
    config.set_main_option("path_separator", "newline")
    return config


def _engine(settings: Settings) -> Engine:
    """Its connections end when they are given back: nobody is left on the database."""
    return create_engine(owner_url(settings), poolclass=NullPool)


def _run(settings: Settings, action: Callable[[Config], None]) -> None:
    engine = _engine(settings)
    token = _srid.set(settings.crs)
    try:
        with engine.connect() as connection:
            with connection.begin():
                # Two migrations at once on one server would both make the same roles.
                connection.execute(
                    text("select pg_advisory_xact_lock(hashtext('gridwarden roles'))")
                )
                ensure_roles(connection)
            config = configuration()
            config.attributes["connection"] = connection
            action(config)
            connection.commit()
    finally:
        _srid.reset(token)
        engine.dispose()
