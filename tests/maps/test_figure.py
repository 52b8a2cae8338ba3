"""Folium gets numbers only, and its page names no other host: whatever a plugin would like."""

from typing import Any

import folium
import folium.plugins
import numpy as np
import pytest
from branca.colormap import LinearColormap
from branca.element import Element, JavascriptLink
from hypothesis import given
from hypothesis import strategies as st

from gridwarden.maps.figure import (
    ForeignAssetError,
    OfflineFigure,
    WordsForFoliumError,
    numbers_only,
)
from gridwarden.maps.look import limits, risk_of

SQUARE = {"type": "Polygon", "coordinates": [[[114.0, 30.0], [114.1, 30.0], [114.1, 30.1]]]}


def figure_with(*children: Element) -> OfflineFigure:
    heat = folium.Map(location=[30, 114], tiles=None, max_zoom=19)
    for child in children:
        heat.add_child(child)
    figure = OfflineFigure()
    figure.add_child(heat)
    return figure


def plugin(name: str, *arguments: Any) -> Any:
    """One of Folium's plugins, which carry no types."""
    return getattr(folium.plugins, name)(*arguments)


def test_a_plain_map_asks_for_our_own_leaflet_alone() -> None:
    pieces = figure_with().pieces()
    assert pieces.scripts == ("leaflet/leaflet.js",)
    assert pieces.styles == ("leaflet/leaflet.css",)
    assert "http" not in pieces.body + pieces.script


def test_a_plugin_that_nobody_looked_at_is_refused() -> None:
    for child in (
        plugin("HeatMap", [[30, 114]]),
        plugin("MiniMap"),
        folium.TileLayer("OpenStreetMap"),
        LinearColormap(["white", "black"], vmin=0, vmax=1),
    ):
        with pytest.raises(ForeignAssetError):
            figure_with(child).pieces()


def test_an_unknown_host_or_head_is_refused() -> None:
    for header in (
        JavascriptLink("https://cdn.example.com/leaflet.js"),
        JavascriptLink("//cdn.jsdelivr.net/npm/other@1/other.js"),
        Element("<script>1</script>"),
    ):
        figure = figure_with()
        figure.header.add_child(header)
        with pytest.raises(ForeignAssetError):
            figure.pieces()


def test_folium_s_own_page_is_never_rendered() -> None:
    with pytest.raises(ForeignAssetError):
        figure_with().render()


@pytest.mark.parametrize("value", ["A{{7*191}}B", "", None, np.float64(1), np.int64(1), {1}])
def test_nothing_but_plain_numbers_reaches_folium(value: object) -> None:
    with pytest.raises(WordsForFoliumError):
        numbers_only([{"id": 1, "geometry": SQUARE, "properties": {"risk": value}}])


def test_neither_names_nor_types_carry_text() -> None:
    for feature in (
        {"id": "{{1}}", "geometry": SQUARE},
        {"id": 1, "geometry": SQUARE, "properties": {"{{1}}": 1}},
        {"id": 1, "geometry": {"type": "{{1}}", "coordinates": [1, 2]}},
        {"id": 1, "geometry": {"type": "Polygon", "coordinates": [[["{{1}}", 2]]]}},
    ):
        with pytest.raises(WordsForFoliumError):
            numbers_only([feature])


@given(st.lists(st.floats(0, 10_000, allow_nan=False).map(lambda v: round(v * 2) / 2)))
def test_limits_rise_and_classes_follow_the_values(values: list[float]) -> None:
    ends = limits(values)
    assert 0 < ends[0] < ends[1] < ends[2]
    ordered = sorted(values)
    risks = [risk_of(value, ends) for value in ordered]
    assert risks == sorted(risks)
    assert all((risk == 0) == (value == 0) for risk, value in zip(risks, ordered, strict=True))
    for end, risk in zip(ends, (1, 2, 3), strict=True):
        assert risk_of(end, ends) == risk, "a limit belongs to the class below it"
        assert risk_of(end + 0.5, ends) > risk


@given(st.lists(st.floats(0, 10_000, allow_nan=False).map(lambda v: round(v * 2) / 2)))
def test_limits_are_what_the_legend_says(values: list[float]) -> None:
    ranked = sorted(value for value in values if value > 0)
    last = len(ranked) - 1
    before = 0.0
    for limit, percent in zip(limits(values), (50, 80, 95), strict=True):
        within = [v for place, v in enumerate(ranked) if 100 * place <= percent * last]
        reached = within[-1] if within else 0
        assert limit >= reached and limit > before
        # the next round number: a round one has at most two digits before its noughts
        assert limit == 0.5 or (len(f"{limit:.0f}".rstrip("0")) <= 2 and limit == int(limit))
        needed = max(reached, before)
        assert limit <= max(needed * 1.25, needed + 1), "a nearer round number was passed over"
        before = limit
