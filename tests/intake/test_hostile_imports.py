"""Hostile files brought as a person brings them: a sentence, nothing half-written; others go on."""

import asyncio
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.database import open_pool
from gridwarden.intake.apart import starting
from gridwarden.jobs import run_here
from gridwarden.settings import Settings
from intake.conftest import post
from intake.makers import geojson, gpkg, point, polygon, table, wkb

FALLS = "GEOMETRYCOLLECTION (" * 100_000
"""A text in which GEOS runs out of stack: the reader really dies."""


def test_files_that_break_their_reader_fail_alone(
    module_city: Settings,
    module_client: TestClient,
    module_sign_in: KeyMaker,
    tmp_path: Path,
) -> None:
    city, client = module_city, module_client
    headers = module_sign_in("supervisor", all_districts=True)
    falls = table(
        tmp_path / "falls.csv", ["wkt", "name"], [["POINT (114.3 30.5)", "甲"], [FALLS, "乙"]]
    )
    ring = ",".join(f"[{114.3 + i * 1e-8:.8f},30.5]" for i in range(1_000_000))
    slow = tmp_path / "slow.geojson"
    slow.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
        f'{{"type":"LineString","coordinates":[{ring}]}}}}]}}'
    )
    good = geojson(tmp_path / "good.geojson", [(polygon(), {"id": "1"})])
    jobs = []
    for file in (falls, slow, good):
        answer = post(client, headers, file, layer="construction_sites", dataset=file.stem)
        assert answer.status_code == 202, answer.text
        jobs.append((answer.json()["url"], answer.json()["job"]))
    small = city.model_copy(update={"reader_seconds": 1, "reader_mb": 600})
    states = asyncio.run(_worked([job for _, job in jobs], small))
    assert states == ["failed", "failed", "finished"]
    seen = [client.get(url, headers=headers).json() for url, _ in jobs]
    assert [one["state"] for one in seen] == ["failed", "failed", "published"]
    assert "读取" in seen[1]["words"]["say"] or "long" in seen[1]["words"]["say"]
    with owner(city) as c:
        count = "select count(*) from data.construction_sites"
        assert c.execute(count).fetchone() == (1,)
    assert not _readers()


async def _worked(jobs: list[int], settings: Settings) -> list[str]:
    """All jobs by one worker, one after another."""
    pool = await open_pool(settings, "worker")
    try:
        return [await run_here(job, pool, settings) for job in jobs]
    finally:
        await pool.close()


def _readers() -> list[int]:
    assert starting._starter is not None
    pid = starting._starter.process.pid
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def test_a_reader_that_is_killed_half_way_leaves_the_dataset_as_it_was(
    module_city: Settings,
    module_client: TestClient,
    module_sign_in: KeyMaker,
    tmp_path: Path,
) -> None:
    headers = module_sign_in("supervisor", all_districts=True)

    def bring(rows: int) -> Any:
        made = gpkg(
            tmp_path / f"{rows}.gpkg",
            [(point(i % 300 * 1e-4, i // 300 * 1e-4), {"id": f"s{i}"}) for i in range(rows)],
        )
        answer = post(module_client, headers, made, layer="construction_sites", dataset="killed")
        return answer.json()

    first = bring(5)
    assert asyncio.run(_worked([first["job"]], module_city)) == ["finished"]
    second = bring(45_000)

    def kill() -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            for pid in _readers():
                # Only one that has begun to hand rows on, not one that still opens the file.
                if (
                    int(Path(f"/proc/{pid}/io").read_text().split("wchar: ")[1].split()[0])
                    > 500_000
                ):
                    os.kill(pid, signal.SIGKILL)
                    return
            time.sleep(0.002)

    killer = threading.Thread(target=kill)
    killer.start()
    assert asyncio.run(_worked([second["job"]], module_city)) == ["failed"]
    killer.join()
    with owner(module_city) as c:
        count = (
            "select count(*) from data.construction_sites f join data.dataset d"
            " on d.id = f.dataset_id where d.name = 'killed'"
        )
        assert c.execute(count).fetchone() == (5,)


def test_a_million_vertices_go_to_quarantine(
    module_city: Settings,
    module_client: TestClient,
    module_sign_in: KeyMaker,
    tmp_path: Path,
) -> None:
    headers = module_sign_in("supervisor", all_districts=True)
    turn = np.linspace(0, 2 * np.pi, 1_000_000)
    ring = np.column_stack([114.3 + 0.01 * np.cos(turn), 30.5 + 0.01 * np.sin(turn)])
    many = shapely.geometry.mapping(shapely.polygons(ring))
    made = gpkg(tmp_path / "m.gpkg", [(many, {"id": "1"}), (polygon(), {"id": "2"})])
    assert len(wkb(many) or b"") > 16_000_000
    answer = post(module_client, headers, made, layer="construction_sites", dataset="many").json()
    state = asyncio.run(_worked([answer["job"]], module_city))
    seen = module_client.get(answer["url"], headers=headers).json()
    assert state == ["finished"], seen
    assert (seen["rows_good"], seen["reasons"]) == (1, {"too_many_vertices": 1})
