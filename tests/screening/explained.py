"""What tests of explanations share: an overlay in force, one finding as its reader gets it."""

from typing import Any

from fastapi.testclient import TestClient
from psycopg.types.json import Jsonb

from conftest import owner
from gridwarden.rules import load_built_in
from gridwarden.rules.normal import normal
from gridwarden.settings import Settings

from .conftest import DrawnCity


def put_in_force(settings: Settings, pack: str) -> None:
    """Put a built-in overlay in force beside the base pack."""
    loaded = load_built_in(pack)
    with owner(settings) as c:
        said = (Jsonb(normal(loaded)), Jsonb(dict(loaded.documents)))
        c.execute("select api.publish_rules(%s, %s)", said)


def explained(
    http: TestClient, headers: dict[str, str], number: int, lang: str = "en"
) -> dict[str, Any]:
    """The JSON of one finding."""
    answer = http.get(f"/api/findings/{number}?lang={lang}", headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def steps(finding: dict[str, Any]) -> dict[str, Any]:
    """The construction's values by step."""
    return {one["step"]: one["value"] for one in finding["construction"]}


def only(city: DrawnCity, family: str, layer: str | None = None) -> dict[str, Any]:
    """Screen, and give the one finding of a family."""
    city.screen()
    found = [f for f in city.findings(family) if layer in (None, f["layer"])]
    assert len(found) == 1, found
    return found[0]
