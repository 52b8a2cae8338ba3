"""GPX as phones send it: its three layers, its standard, and programs that are asked about."""

from pathlib import Path
from typing import Any

import pytest
import shapely

from gridwarden.intake.formats.source import open_source
from gridwarden.words.problems import Problem

WPT = '<wpt lat="30.5" lon="114.3"><ele>12</ele><name>甲</name></wpt>'
TRK = (
    "<trk><name>巡线</name><desc>早班</desc><extensions><gd:crew>三组</gd:crew></extensions><trkseg>"
    '<trkpt lat="1" lon="2"><ele>3</ele><time>2026-11-20T01:00:00Z</time></trkpt>'
    '<trkpt lat="4" lon="5"><time>2026-11-20T02:00:00Z</time><extensions><hr>99</hr></extensions>'
    '</trkpt></trkseg><trkseg><trkpt lat="6" lon="7"/></trkseg><trkseg><trkpt lat="8" lon="9"/>'
    '<trkpt lat="9" lon="9"><time>2026-11-20T03:00:00Z</time></trkpt></trkseg></trk>'
)
RTE = (
    '<rte><name>路线</name><rtept lat="1" lon="2"><name>x</name></rtept>'
    '<rtept lat="3" lon="4"/></rte>'
)


def opened(folder: Path, body: str, layer: str | None = None, creator: str = "Garmin") -> Any:
    made = folder / "a.gpx"
    head = f'<?xml version="1.0"?><gpx version="1.1" creator="{creator}"'
    made.write_text(f'{head} xmlns="http://www.topografix.com/GPX/1/1">{body}</gpx>', "utf-8")
    return open_source(made, made.name, folder, 1 << 20, from_layer=layer)


def only(source: Any) -> Any:
    (batch,) = source.batches()
    return batch


def test_waypoints_tracks_and_routes_are_layers(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        opened(tmp_path, WPT + TRK + RTE)
    assert refused.value.params["layers"] == "waypoints, tracks, routes"
    points = opened(tmp_path, WPT + TRK + RTE, "waypoints")
    assert (points.claim.system, points.claim.because) == ("EPSG:4326", "gpx_standard")
    batch = only(points)
    assert (batch.columns, batch.shapes[0].wkt) == (
        {"name": ["甲"], "ele": ["12"]},
        "POINT (114.3 30.5)",
    )
    track = only(opened(tmp_path, WPT + TRK + RTE, "tracks"))
    assert shapely.to_wkt(track.shapes[0], trim=True) == "MULTILINESTRING ((2 1, 5 4), (9 8, 9 9))"
    assert {name: values[0] for name, values in track.columns.items()} == {
        "name": "巡线",
        "desc": "早班",
        "begin": "2026-11-20T01:00:00Z",
        "end": "2026-11-20T03:00:00Z",
        "crew": "三组",
    }
    assert track.marks == {0: "single_points: 1"}
    route = only(opened(tmp_path, RTE))
    assert shapely.to_wkt(route.shapes[0], trim=True) == "LINESTRING (2 1, 4 3)"


def test_a_broken_point_is_its_row_s_trouble(tmp_path: Path) -> None:
    body = '<wpt lat="x" lon="1"/><wpt lat="1"/>' + WPT
    batch = only(opened(tmp_path, body))
    assert {i: t.reason for i, t in batch.troubles.items()} == dict.fromkeys(
        (0, 1), "unreadable_geometry"
    )
    assert batch.shapes[2].x == 114.3
    lone = only(opened(tmp_path, '<trk><trkseg><trkpt lat="1" lon="2"/></trkseg></trk>'))
    assert lone.troubles[0].reason == "no_geometry"


@pytest.mark.parametrize("creator", ["奥维互动地图", "高德地图", "Baidu Map", "Ovital Map V9"])
def test_programs_that_show_shifted_coordinates_are_asked_about(
    tmp_path: Path, creator: str
) -> None:
    claim = opened(tmp_path, WPT, creator=creator).claim
    assert (claim.system, claim.because) == ("degrees", "gpx_maker")


def test_a_gpx_that_breaks_off_or_defines_entities_is_refused(tmp_path: Path) -> None:
    for content, kind in {
        "<gpx><wpt lat='1' lon='2'>": "unreadable_file",
        '<!DOCTYPE gpx [<!ENTITY a SYSTEM "file:///etc/hostname">]><gpx>&a;</gpx>': "refused",
    }.items():
        (tmp_path / "b.gpx").write_text(content)
        with pytest.raises(Problem) as refused:
            open_source(tmp_path / "b.gpx", "b.gpx", tmp_path, 1 << 20)
        assert refused.value.kind == kind
    empty = opened(tmp_path, "")
    assert (empty.layer, list(empty.batches())) == ("waypoints", [])
