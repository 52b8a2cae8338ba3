"""Features posted as files, screened by the job, and read back: HTTP and nothing else."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from conftest import bearer, make_key
from gridwarden.intake import tasks as _intake  # noqa: F401  (registers the job)
from gridwarden.intake.importers import usual_role
from gridwarden.screening import tasks as _screening  # noqa: F401  (registers the job)
from gridwarden.settings import Settings
from intake.conftest import post, work

from .ground import as_geojson
from .table import Drawn

PAGE = 500
Found = dict[str, Any]


@dataclass(frozen=True)
class Brought:
    """A city that came by files; a supervisor of all districts looks at it."""

    settings: Settings
    client: TestClient
    headers: dict[str, str]
    ids: dict[str, dict[str, int]]
    """Layer → the file's own id → the city's."""

    def findings(self) -> list[Found]:
        """All of them, page by page."""
        items: list[Found] = []
        path = f"/api/findings?limit={PAGE}"
        while path:
            page = self.get(path)
            items += page["items"]
            path = page["next"]
        return items

    def finding(self, number: int) -> Found:
        """Why one finding is one."""
        return self.get(f"/api/findings/{number}")

    def screen(self) -> None:
        """By the job that anybody may ask for."""
        answer = self.client.post("/api/screenings", headers=self.headers)
        assert answer.status_code == 202, answer.text
        assert work(self.settings, answer.json()["id"]) == "finished"

    def get(self, path: str) -> dict[str, Any]:
        """An answer that must be one."""
        answer = self.client.get(path, headers=self.headers)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document


def bring_in(
    settings: Settings, client: TestClient, drawn: Iterable[Drawn], folder: Path
) -> Brought:
    """One file a layer, each posted by a role that may bring it."""
    layers = defaultdict(list)
    for layer, shape, record in drawn:
        layers[layer].append((shape, record))
    reader = bearer(make_key(settings, "supervisor", all_districts=True))
    city = Brought(settings, client, reader, {})
    for layer, features in layers.items():
        file = folder / f"{layer}.geojson"
        file.write_text(json.dumps(as_geojson(features)), "utf-8")
        headers = bearer(make_key(settings, usual_role(layer), all_districts=True))
        answer = post(client, headers, file, layer=layer, dataset=f"vectors {layer}")
        assert answer.status_code == 202, answer.text
        work(settings, answer.json()["job"])
        done = client.get(answer.json()["url"], headers=headers).json()
        assert done["state"] in ("published", "unchanged"), done
        assert done["quarantined"] == 0, done
        city.ids[layer] = _ids(city, layer)
        assert len(city.ids[layer]) == len(features)
    return city


def _ids(city: Brought, layer: str) -> dict[str, int]:
    found: dict[str, int] = {}
    path = f"/ogc/collections/{layer}/items?limit=1000"
    while path:
        page = city.get(path)
        found |= {one["properties"]["source_id"]: one["id"] for one in page["features"]}
        path = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    return found
