"""Who wrote a KML, and so whose coordinates it holds: by marks, never by a place's name."""

from pathlib import Path

import pytest

from intake.formats.test_kml import PLAIN, POINT, document, opened, placed, whole
from intake.makers import gdal, point

GX = (
    'xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"'
    ' xmlns:kml="http://www.opengis.net/kml/2.2" xmlns:atom="http://www.w3.org/2005/Atom"'
)


def claim(folder: Path, body: str, root: str = PLAIN, name: str = "a.kml") -> tuple[str, str]:
    found = opened(folder, document(body, root), name).claim
    return found.system, found.because


OVITAL = "<OvAttr><OvIcon>4</OvIcon></OvAttr>"
TYPED = "<OvCoordType>{}</OvCoordType>"


def test_ovital_says_itself_or_is_judged_by_suffix_and_version(tmp_path: Path) -> None:
    def of(system: str) -> str:
        return placed("", TYPED.format(system))

    assert claim(tmp_path, of("GCJ-02"), name="a.ovkml") == ("gcj02", "ovital_says")
    assert claim(tmp_path, of("CGCS2000")) == ("EPSG:4490", "ovital_says")
    assert claim(tmp_path, of("WGS84")) == ("EPSG:4326", "ovital_says")
    assert claim(tmp_path, of("Xian80")) == ("degrees", "ovital_unknown")
    assert claim(tmp_path, POINT, name="a.ovkml") == ("gcj02", "ovital")
    assert claim(tmp_path, placed("", OVITAL)) == ("degrees", "ovital_unknown")
    for version, expected in {
        "奥维互动地图 V9.3.0": ("gcj02", "ovital"),
        "Ovital Map v10.0.1": ("gcj02", "ovital"),
        "奥维地图浏览器 V9.2.9": ("degrees", "ovital_old"),
        "奥维互动地图": ("degrees", "ovital_unknown"),
    }.items():
        assert claim(tmp_path, f"<description>{version}</description>{POINT}") == expected, version


def test_a_place_in_another_system_than_the_file_is_left_out_and_said(tmp_path: Path) -> None:
    def of(system: str) -> str:
        return placed("<Point><coordinates>1,2</coordinates></Point>", system)

    wgs, cgcs, gcj = (TYPED.format(s) for s in ("WGS84", "CGCS2000", "GCJ-02"))
    source = opened(tmp_path, document("".join(map(of, [cgcs, gcj, cgcs, wgs, ""]))))
    assert source.claim.system == "EPSG:4490"
    assert {i: t.value for i, t in whole(source).troubles.items()} == {1: "GCJ-02", 4: None}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("<name>高德地图标注</name>", ("gcj02", "amap")),
        ("<!-- exported by AMap -->", ("gcj02", "amap")),
        ("<atom:author><atom:name>腾讯地图</atom:name></atom:author>", ("gcj02", "tencent")),
        ("<description>百度地图导出</description>", ("bd09", "baidu")),
        ("<name>天地图</name>", ("EPSG:4490", "tianditu")),
        ('<Style id="__managed_style_1A"/>', ("EPSG:4326", "google_earth")),
        ('<Style id="icon-1899-0288D1-nodesc-normal"/>', ("degrees", "kml_my_maps")),
        ('<Folder id="FeatureLayer0"><name>层</name></Folder>', ("EPSG:4326", "arcgis_kml")),
        ('<Style id="sn_ylw-pushpin"/>', ("degrees", "kml_unknown_maker")),
        (
            '<name>百度地图</name><Style id="__managed_style_1"/>',
            ("degrees", "kml_makers_disagree"),
        ),
        # Names of places are no makers.
        ("<name>百度大厦周边.kml</name>", ("degrees", "kml_unknown_maker")),
        ("<Folder><name>百度地图</name></Folder>", ("degrees", "kml_unknown_maker")),
        ("<Placemark><name>百度地图大厦</name></Placemark>", ("degrees", "kml_unknown_maker")),
        (
            "<Placemark><description>高德地图</description><name>腾讯地图</name></Placemark>",
            ("degrees", "kml_unknown_maker"),
        ),
        ("", ("degrees", "kml_unknown_maker")),
    ],
)
def test_the_maker_is_told_by_the_header_never_by_a_place(
    tmp_path: Path, header: str, expected: tuple[str, str]
) -> None:
    assert claim(tmp_path, header + POINT) == expected


def test_marks_that_others_copy_count_only_together(tmp_path: Path) -> None:
    pin = '<StyleMap id="msn_ylw-pushpin"/>'
    assert claim(tmp_path, pin + POINT, GX) == ("EPSG:4326", "google_earth")
    assert claim(tmp_path, POINT, GX) == ("degrees", "kml_unknown_maker")


def test_gdal_s_own_kml_is_known_and_says_nothing_of_a_shift(tmp_path: Path) -> None:
    made = gdal(tmp_path / "q.kml", [(point(), {"层数": "7"})], driver="LIBKML", layer="楼")
    source = opened(tmp_path, made.read_bytes())
    assert (source.claim.system, source.claim.because) == ("degrees", "kml_gdal")
    assert whole(source).columns["层数"] == ["7"]
