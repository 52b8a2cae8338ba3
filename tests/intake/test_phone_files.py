"""What phones and map programs send, brought as a person does: it lands right, or is asked."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridwarden.geodesy import WorkingCrs, gcj02_to_bd09, wgs84_to_gcj02
from intake.conftest import Bring
from intake.formats.test_kml import document, placed
from intake.formats.test_photos import WGS, gps, jpeg

LON, LAT = 114.3, 30.5
GCJ = tuple(float(v[0]) for v in wgs84_to_gcj02(np.array([LON]), np.array([LAT])))
BD = tuple(float(v[0]) for v in gcj02_to_bd09(*(np.array([v]) for v in GCJ)))


def kml(at: tuple[float, ...], more: str = "", head: str = "") -> str:
    shape = f"<Point><coordinates>{at[0]!r},{at[1]!r},0</coordinates></Point>"
    return document(head + placed(shape, "<name>甲棚</name>" + more))


def zipped(folder: Path, name: str, members: dict[str, Any]) -> Path:
    with zipfile.ZipFile(folder / name, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return folder / name


def made(folder: Path, name: str) -> Path:
    """A file of one shed at the same place, as its kind has it."""
    earth = '<Style id="__managed_style_1"/>'
    texts = {
        "earth.kmz": kml((LON, LAT), head=earth),
        "ovital.ovkml": kml(GCJ, "<OvCoordType>GCJ-02</OvCoordType>"),
        "cgcs.ovkml": kml((LON, LAT), "<OvCoordType>CGCS2000</OvCoordType>"),
        "unknown.kml": kml(GCJ),
        "baidu.kml": kml(BD, head="<name>百度地图</name>"),
        "ovital.txt": f"g 甲棚 {GCJ[0]:.9f} {GCJ[1]:.9f}\n",
        "amap.txt": f"甲棚 https://uri.amap.com/marker?position={GCJ[0]!r},{GCJ[1]!r}\n",
        "tencent.txt": f"https://apis.map.qq.com/uri/v1/geocoder?coord={GCJ[1]!r},{GCJ[0]!r}\n",
        "phone.gpx": f'<gpx><wpt lat="{LAT}" lon="{LON}"><name>甲棚</name></wpt></gpx>',
    }
    if name == "photos.zip":
        error = (0x1F, 5, [(42, 10)])
        members = {"a.jpg": jpeg(gps(LON, LAT, datum=WGS, error=error)), "b.jpg": jpeg(None)}
        return zipped(folder, name, members)
    if name.endswith(".kmz"):
        return zipped(folder, name, {"doc.kml": texts[name]})
    (folder / name).write_text(texts[name], "utf-8")
    return folder / name


CASES = {
    "earth.kmz": ("EPSG:4326", "google_earth"),
    "ovital.ovkml": ("gcj02", "ovital_says"),
    "cgcs.ovkml": ("EPSG:4490", "ovital_says"),
    "unknown.kml": ("gcj02", "said"),
    "baidu.kml": ("bd09", "baidu"),
    "ovital.txt": ("gcj02", "ovital_prefix"),
    "amap.txt": ("gcj02", "amap"),
    "tencent.txt": ("gcj02", "tencent"),
    "phone.gpx": ("EPSG:4326", "gpx_standard"),
    "photos.zip": ("EPSG:4326", "photo_datum"),
}


def test_a_kml_that_does_not_say_who_made_it_waits_for_an_answer(
    tmp_path: Path, module_bring: Bring
) -> None:
    seen = module_bring(made(tmp_path, "unknown.kml"), layer="charging_sheds", dataset="asked")
    assert seen["state"] == "held"
    assert seen["because"]["key"] == "kml_unknown_maker"
    assert seen["question"]["kind"] == "coordinates"


@pytest.mark.parametrize("name", CASES)
def test_it_lands_where_it_is_and_says_why(
    tmp_path: Path, module_bring: Bring, module_count: Callable[..., Any], name: str
) -> None:
    said = {"crs": "gcj02"} if name == "unknown.kml" else {}
    seen = module_bring(made(tmp_path, name), layer="charging_sheds", dataset=name, **said)
    assert (seen["crs"], seen["because"]["key"]) == CASES[name]
    x, y = WorkingCrs(4547).from_lonlat(np.array([LON]), np.array([LAT]))
    away = module_count(
        "select max(st_distance(geom, st_setsrid(st_makepoint(%s, %s), 4547)))"
        " from data.charging_sheds s join data.dataset d on d.id = s.dataset_id where d.name = %s",
        float(x[0]),
        float(y[0]),
        name,
    )
    assert away == pytest.approx(0, abs=0.001 if name != "photos.zip" else 0.01)
    assert seen["quarantined"] == (1 if name == "photos.zip" else 0)
