"""What a role can be sent: every answer to a GET, as text in which only what matters differs."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi.testclient import TestClient

from access.own_and_foreign import MISSING, World
from gridwarden.access.matrix import Operation

ASKED: Mapping[str, tuple[str, ...]] = {
    "/ogc/collections/{layer}/items": ("?limit=1000",),
    "/api/layers/{layer}/export": ("?format=geojson",),
    "/api/findings": (
        "?limit=1000",
        "?limit=1000&layer=charging_sheds",
        "?limit=1000&severity=major",
    ),
    "/api/findings/export": ("?format=geojson", "?format=csv", "?format=fgb"),
    "/api/sheds/nearest": ("?lon=114.05&lat=30.9&k=50",),
    "/sheds/nearest": ("?lon=114.05&lat=30.9&k=50",),
    "/api/cells/{system}": ("",),
    "/maps/heat": ("", "?cells=districts&measure=count"),
    "/findings": ("", "?layer=buildings"),
}
PARTS = (
    *("/api/findings", "/findings", "/api/cells", "/maps/heat", "/ogc/collections", "/api/layers"),
    *("/api/sheds", "/sheds", "/api/events", "/api/datasets", "/api/jobs", "/api/late-suppliers"),
    *("/api/main", "/api/permits", "/permits", "/api/hazards", "/hazards", "/api/imports"),
)
"""Where findings, features and what is counted of them are told; `/` besides."""
OTHERWISE = ("/api/events/feed", "/picture.svg", "/versions", "/rejects", "/replay", "/changes.svg")
LAYERS = ("gas_pipelines", "charging_sheds", "buildings", "excavations", "districts")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?|\d{1,2}:\d\d(:\d\d)?"
    r"|\d{1,2}时\d{0,2}分?"
)
_NUMBER = re.compile(r"\b\d{13,}\b")
_CHANCE = re.compile(r'nonce[-=]"?[\w-]+|\b[0-9a-f]{16,}\b|[\w-]{40,}')
_DATA = re.compile(r'(?s)<script[^>]*type="application/json"[^>]*>(.*?)</script>')
WORST = "worst"
"""The three worst of a cell: among equals those of the least number, which is drawn by chance."""


def calm(text: str) -> str:
    """A text without moments, findings' numbers (which are drawn by chance), nonces and seals."""
    text = re.sub(r"(\d)<wbr>(?=\d)", r"\1", text)
    return _CHANCE.sub("~", _NUMBER.sub("N", _TIME.sub("T", text)))


def plain(body: str, media: str) -> Any:
    """An answer, in an order that does not depend on numbers drawn by chance."""
    if "json" in media:
        return sorted_in(json.loads(body))
    if "csv" in media:
        return sorted(calm(str(row)) for row in csv.reader(io.StringIO(body)))
    data = [json.dumps(sorted_in(json.loads(one))) for one in _DATA.findall(body)]
    rest = calm(_DATA.sub("", body))
    return sorted(line.strip() for line in (*data, *re.split(r"\n|(?<=>)", rest)) if line.strip())


def in_workbook(body: bytes) -> list[str]:
    """What a workbook says, without when it was written."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = set(archive.namelist()) - {"docProps/core.xml"}
        parts = [f"{name}>{archive.read(name).decode('utf-8')}" for name in sorted(names)]
    return sorted(calm(line) for line in re.split(r"(?<=>)", "".join(parts)) if line)


def sorted_in(value: Any) -> Any:
    match value:
        case dict():
            named = sorted((name, one) for name, one in value.items() if name != WORST)
            return {name: sorted_in(one) for name, one in named}
        case list():
            return sorted((sorted_in(one) for one in value), key=lambda one: json.dumps(one))
        case str():
            return calm(value)
        case int() if value >= 10**12:
            return "N"
        case _:
            return value


def asked(world: World, operations: list[Operation], role: str) -> Iterator[str]:
    """The addresses of what a role may ask of findings, features and counts."""
    for one in operations:
        if one.method != "GET" or (one.roles is not None and role not in one.roles):
            continue
        told = one.path == "/" or one.path.startswith(PARTS)
        if not told or any(part in one.path for part in OTHERWISE):
            continue
        for place in _places(world, one, role):
            for query in ASKED.get(one.path, ("",)):
                yield place + query


def _places(world: World, one: Operation, role: str) -> Iterator[str]:
    if "{layer}" in one.path and "{feature}" not in one.path:
        for layer in LAYERS:
            yield one.path.replace("{layer}", layer)
    elif "{" not in one.path:
        yield one.path
    elif one.path == "/api/cells/{system}":
        for system in ("square-500", "square-1000", "square-250", "districts"):
            yield one.path.replace("{system}", system)
    elif one.path.startswith(("/api/jobs", "/api/imports", "/api/datasets")):
        yield re.sub(r"{\w+}", str(MISSING), one.path)


def everything(
    client: TestClient, headers: dict[str, str], addresses: list[str]
) -> dict[str, tuple[int, Any]]:
    """What is told at each of these addresses."""
    found = {}
    for address in addresses:
        answer = client.get(address, headers=headers, follow_redirects=False)
        assert answer.status_code < 500, (address, answer.text[:300])
        media = answer.headers.get("content-type", "")
        found[address] = (answer.status_code, _told(answer.content, answer.text, media))
    return found


def _told(content: bytes, text: str, media: str) -> Any:
    """What an answer says; of a file that is no text, how long it is."""
    if content.startswith(b"PK\x03\x04"):
        return in_workbook(content)
    return len(content) if content.startswith(b"fgb") else plain(text, media)
