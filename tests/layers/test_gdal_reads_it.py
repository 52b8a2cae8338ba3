"""GDAL's own OGC client, which knows nothing of us, reads the same features."""

import subprocess
import sys
import time
from collections.abc import Iterator

import geopandas as gpd
import httpx
import pyogrio
import pytest
import shapely

from conftest import environment, free_port, make_key
from gridwarden.intake.formats.vector import OPTIONS

from .conftest import BUILDINGS, SmallCity, X, Y


@pytest.fixture(scope="module")
def address(small_city: SmallCity) -> Iterator[str]:
    """The service as GDAL opens it, with a viewer's key.

    In a process of its own: GDAL holds Python still while it waits for an answer.
    """
    settings = small_city.settings.model_copy(update={"port": free_port()})
    url = f"http://127.0.0.1:{settings.port}"
    service = subprocess.Popen(
        [sys.executable, "-m", "gridwarden", "serve", "--no-worker"], env=environment(settings)
    )
    key = make_key(settings, "viewer")
    client = {"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": key}
    # An import before us in this process may have closed GDAL's network: open it for a while.
    closed = {name: None for name in OPTIONS if "HTTP" in name}
    pyogrio.set_gdal_config_options({**closed, **client})
    try:
        wait_until_ready(service, url)
        yield f"OAPIF:{url}/ogc"
    finally:
        service.terminate()
        service.wait(30)
        pyogrio.set_gdal_config_options({**dict.fromkeys(client), **OPTIONS})


def wait_until_ready(service: subprocess.Popen[bytes], url: str) -> None:
    ends = time.monotonic() + 120
    while time.monotonic() < ends and service.poll() is None:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the service did not start")


def test_gdal_lists_the_layers_that_the_role_may_read(address: str) -> None:
    names = {name for name, _ in pyogrio.list_layers(address)}
    assert {"buildings", "roads", "organisations"} <= names
    assert "gas_pipelines" not in names


def test_gdal_pages_through_all_features_in_the_working_crs(address: str) -> None:
    """It takes the storage CRS by itself, so the northing comes first on the wire."""
    found = pyogrio.read_dataframe(address, layer="buildings", PAGE_SIZE="7")
    assert len(found) == BUILDINGS
    assert found.crs.to_epsg() == 4547
    assert tuple(found.total_bounds[:2]) == pytest.approx((X, Y + 20), abs=1e-4)


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4326", "OGC:CRS84"])
def test_gdal_agrees_on_the_axis_order_of_degrees(address: str, crs: str) -> None:
    found = pyogrio.read_dataframe(address, layer="buildings", CRS=crs)
    stored = pyogrio.read_dataframe(address, layer="buildings").to_crs(found.crs)
    assert found.geometry[0].centroid.distance(stored.geometry[0].centroid) < 1e-8
    assert 113 < found.total_bounds[0] < 115


def test_a_box_by_gdal_is_a_box_by_shapely(address: str) -> None:
    every = pyogrio.read_dataframe(address, layer="buildings")
    box = (X + 35, Y, X + 405, Y + 25)
    found: gpd.GeoDataFrame = pyogrio.read_dataframe(address, layer="buildings", bbox=box)
    assert sorted(found.name) == sorted(every[every.intersects(shapely.box(*box))].name)
    assert len(found) == 10
