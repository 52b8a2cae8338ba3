"""The last step of a restore: a state folder that was made ready beside takes the old one's place.

Names are moved one by one, and the machine may stop in the middle. So what is to be moved is
written down first: `up`, and every later restore, goes on where it ended. With an outside server
the database was committed just before; if it was not, the old files stay.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psycopg

from gridwarden.database.addresses import connect_owner
from gridwarden.database.backup.files import OWN
from gridwarden.database.backup.lock import alone
from gridwarden.database.backup.told import refusal
from gridwarden.database.handing import opened
from gridwarden.database.passwords import sync_folder, write_private
from gridwarden.database.queries import queries
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.database.backup", "backup.sql")
PLAN: Final = "switching.json"
STAYS: Final = ("assets", "cache", "sample", OWN, "restoring-", "replaced-", "up.lock", ".")
"""How names begin of what a restore leaves where it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """From which folder which names come, where the old ones go, and whose archive it is."""

    archive: str
    staged: str
    replaced: str
    names: list[str]
    leaves: list[str]
    outside: bool

    def __post_init__(self) -> None:
        """Raises ValueError where it leads out of the state folder: it lies in a folder of the
        service's, and root carries it out.
        """
        own = self.staged.startswith("restoring-") and self.replaced.startswith("replaced-")
        names = (self.staged, self.replaced, *self.names, *self.leaves)
        if not own or not all(name not in ("", "..") and name == Path(name).name for name in names):
            raise ValueError("a plan of no restore")


def begin(settings: Settings, staged: Path, archive: str) -> Plan:
    """Write down what is to be moved. From now on it is done, whatever happens."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    names = sorted(place.name for place in staged.iterdir() if place.name != "up.lock")
    plan = Plan(
        archive=archive,
        staged=staged.name,
        replaced=f"replaced-{stamp}",
        names=names,
        leaves=sorted(set(_standing(settings)) - set(names)),
        outside=settings.database_url is not None,
    )
    write_private(settings.home / OWN / PLAN, json.dumps(asdict(plan)))
    sync_folder(settings.home / OWN)
    return plan


def pending(settings: Settings) -> bool:
    """Whether a restore was interrupted as it moved names; as a rule none was."""
    return (settings.home / OWN / PLAN).exists()


def go_on(settings: Settings) -> None:
    """Finish what a restore that was interrupted had written down. Raises SetUpError where that is
    root's: the cluster of an installed service is another account's.
    """
    if not pending(settings):
        return
    try:
        with alone(settings):
            finish(settings)
    except PermissionError:
        raise refusal(settings, "interrupted") from None


def finish(settings: Settings) -> Path | None:
    """Do what is written down, if anything is; gives the folder of what stood there before.

    Raises SetUpError where an outside server does not answer that would tell whether it was done,
    and where what is written down is no restore's.
    """
    plan = settled(settings)
    if plan is None:
        return None
    home, staged = settings.home, settings.home / plan.staged
    replaced = home / plan.replaced
    for name in plan.leaves:
        _move(home / name, replaced / name)
    for name in plan.names:
        if (staged / name).exists():  # else it is moved already
            _move(home / name, replaced / name)
            with opened(staged) as at:
                os.rename(name, home / name, src_dir_fd=at)
    sync_folder(home)
    (home / OWN / PLAN).unlink()
    shutil.rmtree(staged, ignore_errors=True)
    return replaced if replaced.exists() else None


def settled(settings: Settings) -> Plan | None:
    """What is written down and is to be done; it is forgotten, with its folder, where the outside
    server was not given the database. Raises SetUpError, as `finish` does.
    """
    place = settings.home / OWN / PLAN
    try:
        plan = Plan(**json.loads(place.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        raise refusal(settings, "no_plan", file=place) from None
    if plan.outside and not _committed(settings, plan):
        place.unlink()
        shutil.rmtree(settings.home / plan.staged, ignore_errors=True)
        return None
    return plan


def stands(settings: Settings) -> bool:
    """Whether the state folder holds an installation."""
    return any(_standing(settings))


def _standing(settings: Settings) -> Iterator[str]:
    if not settings.home.is_dir():
        return
    for place in settings.home.iterdir():
        if not place.name.startswith(STAYS):
            yield place.name


def _move(old: Path, to: Path) -> None:
    if old.exists() and not to.exists():
        to.parent.mkdir(mode=0o700, exist_ok=True)
        with opened(to.parent) as at:
            os.rename(old, to.name, dst_dir_fd=at)


def _committed(settings: Settings, plan: Plan) -> bool:
    with connect_owner(settings) as c:
        c.execute(Q["alone"])  # one that was cut as it committed may be at it still
        try:
            row = c.execute(Q["restored"], {"archive": plan.archive}).fetchone()
        except psycopg.errors.UndefinedTable:
            return False
    return bool(row and row[0])
