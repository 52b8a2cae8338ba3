"""Folium without a network and without words.

Folium has no offline mode: its map and every plugin name files on public hosts. `OfflineFigure`
lets the children render, then keeps only links to files that this service serves itself, and
refuses a host or a header element that it does not know, so that a new plugin fails a test and
not a user behind a closed network.

Folium also compiles the texts that it is given as Jinja2 templates on the server and writes them
into JavaScript. Therefore `numbers_only` stands before it: ids, classes and coordinates pass,
texts do not. Words travel beside the map as JSON and are put in with `textContent`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import folium
from branca.element import CssLink, Figure, JavascriptLink, Link

# File names of what Folium asks for → our own file below /assets/ (made by script/assets).
SERVED: Final[Mapping[str, str]] = {
    "leaflet.js": "leaflet/leaflet.js",
    "leaflet.css": "leaflet/leaflet.css",
}
# Asked for by every Folium map, used by none of ours: markers with icon fonts, modal dialogs.
UNUSED: Final = frozenset(
    {
        "jquery-3.7.1.min.js",
        "bootstrap.bundle.min.js",
        "bootstrap.min.css",
        "bootstrap-glyphicons.css",
        "leaflet.awesome-markers.js",
        "leaflet.awesome-markers.css",
        "leaflet.awesome.rotate.min.css",
        "all.min.css",
    }
)
# Hosts that those files may be asked from; any other is a plugin that nobody has looked at.
KNOWN_HOSTS: Final = frozenset(
    {
        "cdn.jsdelivr.net",
        "code.jquery.com",
        "cdnjs.cloudflare.com",
        "netdna.bootstrapcdn.com",
    }
)
_ADDRESS: Final = re.compile(r"""["'`(]\s*(?:[a-z][a-z0-9+.-]*:)?//[^"'`)\s]+""", re.IGNORECASE)


class ForeignAssetError(ValueError):
    """Folium asks for a file that we do not serve; add it to web/package.json and to SERVED."""


class WordsForFoliumError(TypeError):
    """A text was about to be given to Folium, which would run it as a template."""


@dataclass(frozen=True)
class Pieces:
    """What a page needs of a Folium map: our files to load, its elements, its script."""

    scripts: tuple[str, ...]
    styles: tuple[str, ...]
    body: str
    script: str


class OfflineFigure(Figure):
    """A branca Figure whose page names no other host; see the module."""

    def pieces(self) -> Pieces:
        """Render the children; raise ForeignAssetError for anything that is not ours."""
        for child in self._children.values():
            child.render()
        scripts, styles = [], []
        for name, element in self.header._children.items():
            if isinstance(element, Link):
                path = served(element.url)
                if path and isinstance(element, JavascriptLink):
                    scripts.append(path)
                elif path and isinstance(element, CssLink):
                    styles.append(path)
            elif name != "meta_http" and name not in self._page_styles():
                raise ForeignAssetError(f"{name} adds to the page's head; look at it first")
        body, script = self.html.render(), self.script.render()
        foreign = _ADDRESS.search(body + script)
        if foreign:
            raise ForeignAssetError(f"the map's script names {foreign.group(0)!r}")
        return Pieces(tuple(scripts), tuple(styles), body, script)

    def _page_styles(self) -> set[str]:
        """Folium's map sets styles of the whole page in the head; our frame does that instead."""
        maps = (c for c in self._children.values() if isinstance(c, folium.Map))
        return {one.get_name() for one in maps}

    def render(self, **kwargs: Any) -> str:
        """Folium's own page is never used: it would fetch from other hosts."""
        raise ForeignAssetError("use pieces() within our own frame")


def served(url: str) -> str | None:
    """Our path for a file that Folium names; None when no page of ours uses it."""
    parts = urlsplit(url)
    if parts.netloc not in KNOWN_HOSTS:
        raise ForeignAssetError(f"{url}: this host is not known; serve the file ourselves")
    file = Path(parts.path).name
    if file in SERVED:
        return SERVED[file]
    if file in UNUSED:
        return None
    raise ForeignAssetError(f"{url}: this file is not among those that we serve")


def numbers_only(features: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A GeoJSON collection for Folium; raises WordsForFoliumError for any text but its types."""
    found = []
    for feature in features:
        geometry, properties = feature["geometry"], feature.get("properties", {})
        _check({"id": feature.get("id", 0)})
        _check(properties)
        _check({"coordinates": geometry["coordinates"]})
        if geometry["type"] not in _GEOMETRIES:
            raise WordsForFoliumError(f"not a geometry type: {geometry['type']!r}")
        found.append(
            {
                "type": "Feature",
                "id": feature.get("id", 0),
                "properties": dict(properties),
                "geometry": {"type": geometry["type"], "coordinates": geometry["coordinates"]},
            }
        )
    return {"type": "FeatureCollection", "features": found}


_GEOMETRIES: Final = frozenset({"Polygon", "MultiPolygon", "LineString", "MultiLineString"})


def _check(value: Any) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not str(name).isidentifier():
                raise WordsForFoliumError(f"a property is named {name!r}")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    elif type(value) not in (int, float, bool):
        # exact types: np.float64 would print itself into the JavaScript
        raise WordsForFoliumError(f"Folium gets numbers and ids only, not {value!r}")
