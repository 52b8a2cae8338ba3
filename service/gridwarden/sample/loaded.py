"""Whether a sample city is in the database, asked by `script/demo` in a fraction of a second.

Imports nothing that reads files or screens: `gridwarden sample load` is what does the work.
"""

import json
import sys

from gridwarden.database import queries
from gridwarden.database.cluster import connect_owner
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.sample", "load.sql")


def loaded(settings: Settings, seed: int, size: str) -> bool:
    """Whether every dataset of this city is published and a screen has ended since the last."""
    listed = settings.home / "sample" / f"{seed}-{size}" / "city.json"
    try:
        names = [one["dataset"] for one in json.loads(listed.read_text("utf-8"))["datasets"]]
    except (FileNotFoundError, ValueError):  # never begun, or interrupted while it was written
        return False
    with connect_owner(settings) as c:
        row = c.execute(Q["loaded"], {"names": names}).fetchone()
    return bool(row and row[0])


if __name__ == "__main__":
    try:
        raise SystemExit(0 if loaded(Settings(), int(sys.argv[1]), sys.argv[2]) else 1)
    except SetUpError as error:
        raise SystemExit(str(error)) from None
