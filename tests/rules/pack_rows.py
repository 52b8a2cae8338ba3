"""The shipped packs as the database is given them, for tests to read."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from gridwarden.rules.normal import normal
from gridwarden.rules.reading import load, packs_folder

LOW_TO_SUBHIGH = ("L", "MB", "MA", "SHB", "SHA")
ALL = (*LOW_TO_SUBHIGH, "HB", "HA", "XH")
Json = dict[str, Any]


@cache
def pack(name: str) -> Json:
    """What the database is given of a pack."""
    folder = packs_folder() / name
    return normal(load(folder if folder.is_dir() else folder.with_suffix(".toml")))


PACKS = (
    *("cn-city-gas", "cn-registers", "cn-shanghai", "cn-datong", "cn-transmission"),
    *("uk", "us", "us-ca"),
)


def rule(name: str, of: str = "cn-city-gas") -> Json:
    """One rule of a pack."""
    [found] = [r for r in pack(of)["rules"] if r["rule"] == name]
    return found


def every_rule() -> Iterator[tuple[str, Json]]:
    """All rules of all packs."""
    for name in PACKS:
        for one in pack(name)["rules"]:
            yield name, one


def limits(name: str, of: str = "cn-city-gas", **only: Any) -> dict[str, float]:
    """Limit by class."""
    rows = [r for r in rule(name, of)["rows"] if all(r[k] == v for k, v in only.items())]
    found = {r["pressure_class"]: r["limit_m"] for r in rows}
    assert len(found) == len(rows), "one row a class"
    return found
