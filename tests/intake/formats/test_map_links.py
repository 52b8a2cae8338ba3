"""Links as map programs share them: whose order of numbers, whose coordinates, what to do else."""

from pathlib import Path
from typing import Any

import pytest

from gridwarden.intake.formats.baidu_metres import degrees_of
from gridwarden.intake.formats.map_links import place_of_link
from gridwarden.intake.formats.source import open_source
from gridwarden.words.problems import Problem

LON, LAT = 116.473168, 39.993015
AT, TA = f"{LON},{LAT}", f"{LAT},{LON}"
GCJ, BD, WGS, ASK = "gcj02", "bd09", "EPSG:4326", "degrees"

LINKS = {
    # Amap: longitude first in its URI API, latitude first in what its app shares.
    f"https://uri.amap.com/marker?position={AT}&name=%E7%94%B2%E6%A3%9A": (GCJ, "amap", "甲棚"),
    f"https://uri.amap.com/marker?markers={AT},甲棚,地址": (GCJ, "amap", "甲棚"),
    f"http://uri.amap.com/marker?position={AT}&coordinate=wgs84": (WGS, "link_says", None),
    f"https://uri.amap.com/marker?position={AT}&coordinate=x": (ASK, "link_unknown", None),
    f"https://www.amap.com/?q={TA},甲棚": (GCJ, "amap", "甲棚"),
    f"https://wb.amap.com/?q={LAT}%2C{LON}%2C%E7%94%B2%E6%A3%9A&src=app": (GCJ, "amap", "甲棚"),
    f"https://wb.amap.com/?p=B0FFG,{TA},甲棚,地址": (GCJ, "amap", "甲棚"),
    f"https://ditu.amap.com/regeo?lng={LON}&lat={LAT}&name=甲棚": (GCJ, "amap", "甲棚"),
    f"androidamap://viewMap?poiname=甲棚&lat={LAT}&lon={LON}&dev=0": (GCJ, "amap", "甲棚"),
    f"iosamap://viewMap?lat={LAT}&lon={LON}&dev=1": (WGS, "link_says", None),
    # Tencent: latitude first in its URI API, x and y on its page.
    f"https://apis.map.qq.com/uri/v1/marker?marker=coord:{TA};title:甲棚;addr:x": (
        GCJ,
        "tencent",
        "甲棚",
    ),
    f"http://apis.map.qq.com/uri/v1/geocoder?coord={TA}&referer=a": (GCJ, "tencent", None),
    f"http://apis.map.qq.com/uri/v1/geocoder?coord={TA}&coord_type=1": (WGS, "link_says", None),
    f"http://apis.map.qq.com/uri/v1/geocoder?coord={TA}&coord_type=2": (ASK, "link_unknown", None),
    f"https://map.qq.com/?type=marker&pointx={LON}&pointy={LAT}&name=甲棚": (
        GCJ,
        "tencent",
        "甲棚",
    ),
    f"qqmap://map/marker?marker=coord:{TA};title:甲棚": (GCJ, "tencent", "甲棚"),
    # Baidu: latitude first, BD-09 unless it says otherwise.
    f"http://api.map.baidu.com/marker?location={TA}&title=甲棚&output=html": (BD, "baidu", "甲棚"),
    f"http://api.map.baidu.com/marker?location={TA}&coord_type=bd09ll": (BD, "link_says", None),
    f"http://api.map.baidu.com/marker?location={TA}&coord_type=gcj02": (GCJ, "link_says", None),
    f"http://api.map.baidu.com/marker?location={TA}&coord_type=wgs84": (WGS, "link_says", None),
    f"http://api.map.baidu.com/marker?location={TA}&coord_type=x": (ASK, "link_unknown", None),
    f"http://map.baidu.com/?latlng={TA}&title=甲棚&autoOpen=true": (BD, "baidu", "甲棚"),
    f"baidumap://map/marker?location={TA}&title=甲棚": (BD, "baidu", "甲棚"),
    # Shifted roads, true pictures: a person has to say.
    f"https://www.google.com/maps/place/%E7%94%B2%E6%A3%9A/@1,2,17z/data=!3d{LAT}!4d{LON}": (
        ASK,
        "google_maps",
        "甲棚",
    ),
    f"https://maps.google.com.hk/?q={TA}": (ASK, "google_maps", None),
    f"https://www.google.cn/maps/search/?api=1&query={LAT}%2C{LON}": (ASK, "google_maps", None),
    f"https://www.google.com/maps/search/{LAT},+{LON}": (ASK, "google_maps", None),
    f"https://maps.apple.com/?ll={TA}&q=甲棚": (ASK, "apple_maps", "甲棚"),
    f"https://maps.apple.com/place?coordinate={TA}&name=甲棚": (ASK, "apple_maps", "甲棚"),
    f"https://www.openstreetmap.org/?mlat={LAT}&mlon={LON}#map=16/1/2": (
        WGS,
        "openstreetmap",
        None,
    ),
    f"geo:{TA}": (WGS, "geo_uri", None),
    f"geo:{TA},12;crs=wgs84;u=35": (WGS, "geo_uri", None),
    f"geo:{TA};crs=nad27": (ASK, "link_unknown", None),
    f"geo:0,0?q={TA}(甲棚)": (ASK, "geo_android", "甲棚"),
}


@pytest.mark.parametrize("link", LINKS)
def test_a_link_gives_its_place_and_says_whose_coordinates_it_has(link: str) -> None:
    place = place_of_link(link)
    assert place is not None
    assert (place.lon, place.lat) == (LON, LAT)
    assert (place.claim.system, place.claim.because, place.name) == LINKS[link]
    assert place.marked
    assert place.claim.north_first is False


def test_links_are_found_in_what_is_shared_around_them() -> None:
    for around in ("【高德地图】我在这里：{}，点击查看", "甲棚\n{}\n明天见", " {} "):
        place = place_of_link(around.format(f"https://uri.amap.com/marker?position={AT}"))
        assert place is not None
        assert (place.lon, place.lat) == (LON, LAT)
    bare = place_of_link(f"uri.amap.com/marker?position={AT}")
    assert bare is not None


def test_the_middle_of_a_screen_is_no_marker() -> None:
    for link in (
        f"https://www.google.com/maps/@{TA},17z",
        f"https://www.openstreetmap.org/#map=16/{LAT}/{LON}",
    ):
        place = place_of_link(link)
        assert place is not None
        assert (place.lon, place.lat, place.marked) == (LON, LAT, False)


FORWARD = {
    15: (
        *(-0.0003441963504368392, 111320.7020576856, 278.2353980772752, 2485758.690035394),
        *(6070.750963243378, 54821.18345352118, 9540.606633304236, -2710.55326746645),
        *(1405.483844121726, 22.5),
    ),
    30: (
        *(0.00220636496208, 111320.7020209128, 51751.86112841131, 3796837.749470245),
        *(992013.7397791013, -1221952.21711287, 1340652.697009075, -620943.6990984312),
        *(144416.9293806241, 37.5),
    ),
}
"""Baidu's factors the other way round, by the latitude from which they hold."""


def metres_of(lon: float, lat: float) -> tuple[float, float]:
    row = FORWARD[15 if lat < 30 else 30]
    c = lat / row[9]
    return row[0] + row[1] * lon, sum(f * c**i for i, f in enumerate(row[2:9]))


def test_baidu_s_metres_come_back_to_its_six_decimals() -> None:
    for lon in (73.5, 108.25, 121.4737, 135.0):
        for lat in (15.5, 22.546, 29.99, 30.01, 39.915, 44.9):
            assert degrees_of(*metres_of(lon, lat)) == pytest.approx((lon, lat), abs=1e-6)
    assert degrees_of(1e9, 0.0) is None


def test_baidu_s_metres_in_links_are_read_in_either_order() -> None:
    # One place in both of Baidu's systems, as published.
    (east, north), degrees = (12684001, 2560682.4), (113.94108, 22.546054)
    for link in (
        f"https://map.baidu.com/@{east},{north},19z",
        f"https://map.baidu.com/poi/%E7%94%B2%E6%A3%9A/@{east},{north},19z?uid=1",
        f"https://api.map.baidu.com/marker?location={east},{north}&coord_type=bd09mc",
        f"https://api.map.baidu.com/marker?location={north},{east}&coord_type=bd09mc",
    ):
        place = place_of_link(link)
        assert place is not None
        assert (place.lon, place.lat) == pytest.approx(degrees, abs=2e-5)
        assert place.claim.system == "bd09"
        assert place.marked is ("@" not in link)


@pytest.mark.parametrize(
    "link",
    [
        "https://surl.amap.com/abc12",
        "请看 https://j.map.baidu.com/a1/bcd 这里",
        "https://goo.gl/maps/x",
        "https://maps.app.goo.gl/x",
        "https://maps.apple/p/x",
        "https://osm.org/go/abc--",
    ],
)
def test_a_short_link_says_what_to_do(link: str) -> None:
    with pytest.raises(Problem) as refused:
        place_of_link(link, "location")
    assert (refused.value.detail, refused.value.field) == ("phone.short_link", "location")
    assert "复制" in refused.value.said("zh")
    assert "copy" in refused.value.said("en")


@pytest.mark.parametrize(
    "link",
    [
        f"https://uri.amap.com/marker?position={TA}",  # a latitude of 116
        f"https://apis.map.qq.com/uri/v1/marker?marker=coord:{AT}",
        "https://uri.amap.com/marker?position=116.4",
        "https://uri.amap.com/marker?position=0,0",
        "https://uri.amap.com/poidetail?poiid=B0FF",
        f"https://uri.amap.com/marker?markers={AT},a|{AT},b",
        f"https://uri.amap.com/marker?position={LON}.5,{LAT}",
        "https://map.baidu.com/@1,2,19z",
        "https://map.baidu.com/@99999999,4825923,19z",
        "https://www.google.com/maps",
        "geo:here",
        "https://maps.apple.com/?q=bank",
        f"https://map.wap.qq.com/h5-poi-detail?coord={AT}",
        f"https://map.tianditu.gov.cn/?c={AT}",
    ],
)
def test_a_map_link_without_a_place_is_refused_never_guessed(link: str) -> None:
    with pytest.raises(Problem) as refused:
        place_of_link(link)
    assert refused.value.detail == "phone.link_without_place"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "116.4,39.9",
        '{"type": "Point"}',
        "https://example.com/?q=1,2",
        "http://[x/",
        "geo",
        "::",
    ],
)
def test_other_texts_are_no_links(text: str) -> None:
    assert place_of_link(text) is None


@pytest.mark.parametrize(
    "link",
    [
        f"https://uri.amap.com/marker?position={AT}" + "&a=1" * 101,
        "https://map.qq.com/?" + "&" * 101,
    ],
)
def test_a_link_of_too_many_parts_names_no_place_and_fails_no_file(
    tmp_path: Path, link: str
) -> None:
    with pytest.raises(Problem) as no:
        place_of_link(link)
    assert (no.value.detail, no.value.field) == ("phone.link_without_place", "area")
    (batch,) = opened(tmp_path, [f"https://map.baidu.com/?latlng={TA}", link]).batches()
    assert [(i, t.reason) for i, t in batch.troubles.items()] == [(1, "no_link")]


@pytest.mark.parametrize(
    "text",
    ["http://[::1/?q=1,2", "http://[x]@uri.amap.com/", "https://uri.amap.com:x/marker?position=",
     "https://uri.amap.com:99999999/marker?position=", "geo:[::1", "http://uri.amap.com\u2100/"],
)  # fmt: skip
def test_an_odd_address_is_no_place(text: str) -> None:
    try:
        assert place_of_link(text) is None
    except Problem as no:
        assert no.detail == "phone.link_without_place"


def opened(folder: Path, lines: list[str], name: str = "位置.txt", encoding: str = "utf-8") -> Any:
    made = folder / name
    made.write_text("\n".join(lines), encoding)
    return open_source(made, name, folder, 1 << 20)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_file_of_links_is_a_layer_of_points(tmp_path: Path, encoding: str) -> None:
    lines = [
        f"我在甲棚 https://uri.amap.com/marker?position={AT}&name=甲棚",
        "",
        f"https://map.baidu.com/?latlng={TA}&title=乙棚",
        f"http://apis.map.qq.com/uri/v1/geocoder?coord={TA}",
        "https://surl.amap.com/abc",
        f"https://uri.amap.com/marker?position={TA}",
        f"https://uri.amap.com/marker?position={AT}&name=丙棚",
    ]
    source = opened(tmp_path, lines, encoding=encoding)
    assert (source.kind, source.rows) == ("links", 6)
    assert (source.claim.system, source.claim.because) == (GCJ, "amap")
    (batch,) = source.batches()
    assert batch.columns["name"] == ["甲棚", "乙棚", None, None, None, "丙棚"]
    assert {i: t.reason for i, t in batch.troubles.items()} == {
        1: "other_coordinates",
        3: "short_link",
        4: "no_link",
    }
    assert [(p.x, p.y) for p in batch.shapes[[0, 2, 5]]] == [(LON, LAT)] * 3
    assert list(batch.rows) == [1, 3, 4, 5, 6, 7]


def test_a_text_with_other_lines_is_no_file_of_links(tmp_path: Path) -> None:
    source = opened(tmp_path, ["name,link", f"甲,https://uri.amap.com/marker?position={AT}"])
    assert source.kind == "csv"
