"""What is exported as a table comes back as it was, and no spreadsheet runs it on the way."""

import asyncio
import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gridwarden.access.command import acting
from gridwarden.layers.catalogue import layers
from gridwarden.layers.export.commands import preparing
from gridwarden.layers.export.sending import to_file
from gridwarden.settings import Settings
from gridwarden.words.sheets import safe, unguarded
from intake.conftest import Bring
from intake.makers import BOW_TIE, geojson, line, polygon

Count = Callable[..., Any]
TEXTS = [
    '=HYPERLINK("http://x","y")',
    "+1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "＝1＋1",
    "'=1",
    "''-1",
    "'tis plain",
    "甲楼",
    "a=b",
]


def write(city: Settings, layer: str, to: Path, **given: str) -> None:
    async def export() -> None:
        async with acting("supervisor", settings=city) as (pool, caller, _):
            prepare = preparing(layers()[layer], caller, city, to.name)
            await to_file(pool, caller, city, to, prepare, lambda done: None, given)

    asyncio.run(export())


def exported(city: Settings, layer: str, to: Path) -> list[dict[str, str]]:
    write(city, layer, to)
    with to.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("text", [*TEXTS, "", "'"])
def test_a_guard_is_taken_away_whole(text: str) -> None:
    assert unguarded(safe(text)) == text


@pytest.mark.parametrize("layer", ["buildings", "roads", "charging_sheds"])
def test_an_exported_table_is_harmless_and_comes_back_the_same(
    module_city: Settings, module_bring: Bring, tmp_path: Path, module_count: Count, layer: str
) -> None:
    shapes = [
        line((0.001 * i, 0), (0.001 * i, 0.01)) if layer == "roads" else polygon(at=i)
        for i in range(len(TEXTS))
    ]
    rows = [
        (s, {"id": f"-{i}", "name": t}) for i, (s, t) in enumerate(zip(shapes, TEXTS, strict=True))
    ]
    first = module_bring(geojson(tmp_path / "1.geojson", rows), layer=layer, dataset="there")
    assert first["added"] == len(TEXTS), first["reasons"]
    written = exported(module_city, layer, tmp_path / "out.csv")
    texts = [row[name] for row in written for name in ("source_id", "name", "dataset", "extra")]
    assert not [t for t in texts if t.startswith(("=", "+", "-", "@", "\t", "＝"))]
    assert {row["name"] for row in written} >= {'\'=HYPERLINK("http://x","y")', "甲楼", "a=b"}
    again = module_bring(tmp_path / "out.csv", layer=layer, dataset="back")
    assert (again["state"], again["added"]) == ("published", len(TEXTS)), again["reasons"]
    same = (
        f"select count(*) from data.{layer} a join data.{layer} b using (source_id, name)"
        " join data.dataset d on d.id = a.dataset_id and d.name = 'there'"
        " where b.dataset_id <> a.dataset_id and st_hausdorffdistance(a.geom, b.geom) < 0.001"
        " and geometrytype(a.geom) = geometrytype(b.geom)"
    )
    assert module_count(same) == len(TEXTS)
    names = set(module_count(f"select array_agg(name) from data.{layer}"))
    assert names == {text.strip() for text in TEXTS}


@pytest.mark.parametrize(
    ("suffix", "crs"),
    [
        (".gpkg", "EPSG:4547"),
        (".gpkg", "gcj02"),
        (".geojson", "crs84"),
        (".parquet", "EPSG:4526"),
        (".fgb", "EPSG:4490"),
        (".csv", "gcj02"),
        (".xlsx", "EPSG:4547"),
    ],
)
def test_an_export_brought_back_changes_nothing(
    module_city: Settings, module_bring: Bring, tmp_path: Path, suffix: str, crs: str
) -> None:
    rows = [
        (polygon(at=i), {"id": f"{i}{t}", "name": t, "households": i, "note": f"={t}", "n": i / 3})
        for i, t in enumerate(TEXTS)
    ]
    rows.append((polygon([*BOW_TIE], at=30), {"id": "mended", "name": "mended"}))
    there = {"layer": "estates", "dataset": "there"}
    first = module_bring(geojson(tmp_path / "1.geojson", rows), **there)
    assert first["state"] in ("published", "unchanged"), first
    write(module_city, "estates", tmp_path / f"out{suffix}", crs=crs)
    again = module_bring(tmp_path / f"out{suffix}", **there)
    assert (again["state"], again["quarantined"]) == ("unchanged", 0), again
    assert not [note for note in again["notes"] if note.startswith("kept_apart")]
