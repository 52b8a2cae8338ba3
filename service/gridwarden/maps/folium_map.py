"""The Folium map of a heat page: cells, district lines and streets, as numbers only."""

from collections.abc import Mapping, Sequence
from typing import Any

import folium

from gridwarden.maps.cells import Cell
from gridwarden.maps.figure import OfflineFigure, Pieces, numbers_only
from gridwarden.maps.look import DISTRICT_LINE, ROAD_LINE, cell_style

CITY_ZOOM = 12
DISTRICTS, STREETS = 1, 2


def draw(
    cells: Sequence[Cell], risks: Sequence[int], backdrop: Mapping[int, Mapping[str, Any]]
) -> Pieces:
    """The map's files, element and script. The element's id is `map_heat`, the cells' layer is
    `geo_json_cells`, and a cell's feature id is its place in `cells`.

    `backdrop` holds GeoJSON geometries in lon/lat by kind: DISTRICTS, STREETS. There is no tile
    server: nothing on this page comes from another host.
    """
    heat = folium.Map(
        location=_middle(cells),
        zoom_start=CITY_ZOOM,
        tiles=None,
        zoom_control=True,
        height="100%",
        # Leaflet asks a map without tiles for its zooms
        max_zoom=19,
        min_zoom=5,
        attribution_control=False,
        zoom_snap=0.25,
    )
    heat._id = "heat"
    features = [
        {"id": n, "geometry": cell.shape, "properties": {"risk": risk, "state": cell.state}}
        for n, (cell, risk) in enumerate(zip(cells, risks, strict=True))
    ]
    if features:
        _add(heat, "cells", features, None)
    if STREETS in backdrop:
        _add(heat, "streets", [{"geometry": backdrop[STREETS]}], ROAD_LINE)
    if DISTRICTS in backdrop:
        _add(heat, "districts", [{"geometry": backdrop[DISTRICTS]}], DISTRICT_LINE)
    figure = OfflineFigure()
    figure.add_child(heat)
    return figure.pieces()


def _add(
    heat: folium.Map,
    name: str,
    features: list[dict[str, Any]],
    style: Mapping[str, Any] | None,
) -> None:
    def styled(feature: Mapping[str, Any]) -> dict[str, Any]:
        if style is not None:
            return dict(style)
        return cell_style(feature["properties"]["risk"], feature["properties"]["state"])

    layer = folium.GeoJson(
        numbers_only(features), style_function=styled, smooth_factor=0.5, control=False
    )
    layer._id = name
    layer.add_to(heat)


def _middle(cells: Sequence[Cell]) -> list[float]:
    """Latitude and longitude that the map opens at; the page then fits the cells."""
    if not cells:
        return [30.0, 114.0]
    centres = [cell.centre for cell in cells]
    lon = sum(c[0] for c in centres) / len(centres)
    lat = sum(c[1] for c in centres) / len(centres)
    return [round(lat, 6), round(lon, 6)]
