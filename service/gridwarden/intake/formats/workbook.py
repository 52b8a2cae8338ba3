"""Excel workbooks (.xlsx, .xlsm): every sheet with something in it is a layer."""

from collections.abc import Iterator
from typing import Final

from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.layout import Line, blank
from gridwarden.intake.formats.ooxml import Package, SheetPart
from gridwarden.intake.formats.sheets import Sheet
from gridwarden.words.problems import Problem

SUFFIXES: Final = (".xlsx", ".xlsm", ".xltx", ".xltm")
OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP: Final = b"PK\x03\x04"
NAMED: Final = 12
"""How many hidden sheets are named to the sender."""


def layers_of(part: Part) -> list[str]:
    """The sheets that are shown and hold something. Raises Problem `unreadable_file`."""
    return [sheet.name for sheet in _offered(Package(part.path))]


def opened(part: Part, layer: str, encoding: str | None) -> Sheet:
    """One sheet of a workbook. Raises Problem `unreadable_file`, `refused`."""
    package = Package(part.path)
    chosen = next((one for one in _offered(package) if one.name == layer), None)
    if chosen is None:
        raise Problem("unreadable_file", "intake.no_layer", field="file")
    notes = _hidden(package, chosen)
    if package.epoch_1904:
        notes.append("epoch_1904")
    return Sheet(
        "xlsx",
        layer,
        "utf-8",
        lambda: _lines(package, chosen),
        merges=package.merges(chosen),
        loose_width=True,
        notes=notes,
    )


def _lines(package: Package, sheet: SheetPart) -> Iterator[Line]:
    return package.lines(sheet)


def _offered(package: Package) -> list[SheetPart]:
    """The sheets that may be imported: those that are shown; where all are hidden, those."""
    full = [sheet for sheet in package.sheets if _full(package, sheet)]
    return [sheet for sheet in full if not sheet.hidden] or full


def _full(package: Package, sheet: SheetPart) -> bool:
    return any(not blank(line.cells) for line in package.lines(sheet))


def _hidden(package: Package, chosen: SheetPart) -> list[str]:
    names = [one.name for one in package.sheets if one.hidden and one is not chosen]
    if not names:
        return []
    more = "…" if len(names) > NAMED else ""
    return [f"hidden_sheets:{', '.join(names[:NAMED])}{more}"]


def _old(part: Part, layer: str, encoding: str | None) -> Sheet:
    raise Problem("refused", "intake.old_workbook", field="file", name=part.name)


def _is_workbook(head: bytes, suffix: str) -> bool:
    """By its name, or by the parts that such a package begins with: people rename files."""
    if not head.startswith(_ZIP):
        return False
    return suffix in SUFFIXES or b"xl/workbook.xml" in head or b"xl/worksheets/" in head


XLSX = Format("xlsx", SUFFIXES, _is_workbook, opened, layers_of)
OLD = Format("xls", (".xls", ".et"), lambda head, suffix: head.startswith(OLE), _old)
