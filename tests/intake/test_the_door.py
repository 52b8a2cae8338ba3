"""Every layer × every role, and every wrong form: answered before a file is kept."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker
from gridwarden.layers.catalogue import layers
from intake.conftest import post
from intake.makers import geojson, polygon, table


@pytest.mark.parametrize("layer_id", sorted(layers()))
@pytest.mark.parametrize(
    "role", ["utility", "supervisor", "planner", "dispatcher", "viewer", "administrator", "auditor"]
)
def test_only_the_roles_that_the_layer_names_may_bring_it(
    module_client: TestClient,
    module_sign_in: KeyMaker,
    tmp_path: Path,
    layer_id: str,
    role: str,
) -> None:
    made = table(tmp_path / "a.csv", ["id"], [["1"]])
    headers = module_sign_in(role, org_ids=(1,))
    answer = post(module_client, headers, made, layer=layer_id, dataset=f"{role} {layer_id}")
    wanted = 202 if role in layers()[layer_id].importers else 403
    assert answer.status_code == wanted, answer.text
    if wanted == 403:
        assert answer.json()["type"] == "urn:gridwarden:problem:forbidden"


@pytest.mark.parametrize(
    ("form", "status", "field"),
    [
        ({"layer": "nope", "dataset": "d"}, 400, "layer"),
        ({"dataset": "d"}, 400, "layer"),
        ({"layer": "buildings"}, 400, "dataset"),
        ({"layer": "buildings", "dataset": " "}, 400, "dataset"),
        ({"layer": "buildings", "dataset": "x" * 101}, 400, "dataset"),
        ({"layer": "buildings", "dataset": "d", "mapping": "height=h"}, 400, "mapping"),
        ({"layer": "buildings", "dataset": "d", "mapping": '["a"]'}, 400, "mapping"),
        ({"layer": "buildings", "dataset": "d", "set": '{"a": {}}'}, 400, "set"),
        ({"layer": "buildings", "dataset": "d", "where": "abc"}, 400, "where"),
        ({"layer": "buildings", "dataset": "d", "encoding": "klingon"}, 400, "encoding"),
        ({"layer": "buildings", "dataset": "d", "crs": "EPSG:0"}, 400, "crs"),
        ({"layer": "buildings", "dataset": "d", "org": "nobody"}, 404, "org"),
        ({"layer": "buildings", "dataset": "d", "dry_run": "maybe"}, 400, "dry_run"),
        ({"layer": "buildings", "dataset": "d", "dryrun": "true"}, 400, "dryrun"),
    ],
)
def test_a_wrong_form_is_answered_with_its_field(
    module_client: TestClient,
    module_sign_in: KeyMaker,
    tmp_path: Path,
    form: dict[str, str],
    status: int,
    field: str,
) -> None:
    made = geojson(tmp_path / "b.geojson", [(polygon(), {"id": "1"})])
    answer = post(module_client, module_sign_in("supervisor"), made, **form)
    assert (answer.status_code, answer.json().get("field")) == (status, field), answer.text


@pytest.mark.parametrize(
    "query",
    ["layer=%00", "dataset=%00", "layer=%ED%A0%80", "limit=0", "before=99999999999999999999"],
)
def test_an_odd_question_is_answered_without_a_fault_of_ours(
    module_client: TestClient, module_sign_in: KeyMaker, query: str
) -> None:
    answer = module_client.get(f"/api/imports?{query}", headers=module_sign_in("planner"))
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "a" * 200_000])
@pytest.mark.parametrize("name", ["mapping", "set"])
def test_an_odd_name_in_a_form_is_answered_without_a_fault_of_ours(
    module_client: TestClient, module_sign_in: KeyMaker, tmp_path: Path, name: str, text: str
) -> None:
    made = geojson(tmp_path / "b.geojson", [(polygon(), {"id": "1"})])
    form = {"layer": "buildings", "dataset": "d", name: f'{{"x{text}": "y{text}"}}'}
    answer = post(module_client, module_sign_in("supervisor"), made, **form)
    assert answer.status_code == 400, answer.text
