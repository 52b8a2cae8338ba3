"""File geodatabases by GDAL: coded values as their words, aliases as the names that people gave.

What codes mean and what fields are called stands in the geodatabase's own catalogue of items.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from gridwarden.intake.formats.batch import Trouble
from gridwarden.intake.formats.format import Format
from gridwarden.intake.formats.headers import header
from gridwarden.intake.formats.layout import vocabulary
from gridwarden.intake.formats.vector import OPTIONS, Vector, gdal_errors, layers_of
from gridwarden.words.problems import Problem

ITEMS: Final = "GDB_Items"
DOMAIN: Final = "GPCodedValueDomain2"
SHOWN: Final = 12
BODIES: Final = frozenset({"GeometryCollection Z", "GeometryCollection"})
"""What GDAL calls a multipatch."""


@dataclass
class Names:
    """What a geodatabase says of one table's fields: their aliases, and what their codes mean."""

    aliases: dict[str, str] = field(default_factory=dict)
    codes: dict[str, Mapping[Any, str]] = field(default_factory=dict)


class FileGdb(Vector):
    """One table of a file geodatabase."""

    driver = "OpenFileGDB"

    def _prepare(self, encoding: str | None) -> None:
        if self._info["geometry_type"] in BODIES:
            raise Problem("refused", "intake.multipatch", field="file")
        said = names_of(self.path, self.layer)
        self._called: dict[str, str] = {}
        self._codes: dict[str, Mapping[Any, str]] = {}
        taken = set(self._gdal_fields)
        for own in self._gdal_fields:
            alias = said.aliases.get(own, "")
            if alias and alias not in taken and not _known(own):
                self._called[own] = alias
                taken.add(alias)
            if own in said.codes:
                self._codes[self._name(own)] = said.codes[own]
        if self._called:
            pairs = [f"{own} = {alias}" for own, alias in self._called.items()]
            self.notes.append(f"gdb_aliases:{', '.join(pairs[:SHOWN])}")

    def _values(
        self, column: Any, name: str, troubles: dict[int, Trouble], marks: dict[int, str]
    ) -> Sequence[Any]:
        values = super()._values(column, name, troubles, marks)
        codes = self._codes.get(name)
        return [codes.get(v, v) for v in values] if codes else values

    def _name(self, gdal_name: str) -> str:
        return self._called.get(gdal_name, gdal_name)


def _known(name: str) -> bool:
    """Whether a field's own name is one that a layer knows: then its alias is not needed."""
    return header(name) in vocabulary()


def names_of(path: Path, layer: str) -> Names:
    """What the catalogue of a geodatabase says of a table. Nothing where it cannot be read."""
    import pyogrio

    found = Names()
    try:
        pyogrio.set_gdal_config_options(OPTIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _, _, _, columns = pyogrio.raw.read(
                path, layer=ITEMS, columns=["Name", "Definition"], read_geometry=False
            )
    except gdal_errors():
        return found
    documents = [_document(text) for text in columns[-1]]
    domains = dict(_domain(one) for one in documents if one is not None and one.tag == DOMAIN)
    for name, one in zip(columns[0], documents, strict=True):
        if name != layer or one is None:
            continue
        for info in one.iter("GPFieldInfoEx"):
            own = info.findtext("Name") or ""
            alias, domain = info.findtext("AliasName"), info.findtext("DomainName")
            if alias:
                found.aliases[own] = alias.strip()
            if domain in domains:
                found.codes[own] = domains[domain]
    return found


def _document(text: Any) -> Element | None:
    """An item's definition; its element names carry their schema's prefix, which is left out."""
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        root: Element = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    root.tag = root.tag.rpartition("}")[2]
    return root


def _domain(root: Element) -> tuple[str, Mapping[Any, str]]:
    codes: dict[Any, str] = {}
    for one in root.iter("CodedValue"):
        code, name = one.findtext("Code"), one.findtext("Name")
        if code is not None and name:
            codes[code] = name
            try:
                codes[int(code) if code.lstrip("-").isdigit() else float(code)] = name
            except ValueError:
                continue
    return root.findtext("DomainName") or "", codes


FILEGDB = Format("filegdb", (".gdb",), lambda head, suffix: False, FileGdb, layers_of)
