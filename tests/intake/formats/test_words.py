"""Every reason, note and claim of the phone and map formats can be said, in both languages."""

import re
from pathlib import Path

import gridwarden.intake.formats as formats
from gridwarden.intake.formats.kml_makers import MAKERS
from gridwarden.intake.formats.kml_rows import OUTSIDE
from gridwarden.words import known

MINE = (
    *("kml", "kml_makers", "kml_pieces", "kml_rows", "xml_stream", "gpx"),
    *("map_links", "link_lines", "ovital", "photos"),
)


def found(pattern: str) -> set[str]:
    folder = Path(formats.__file__).parent
    return {
        code for name in MINE for code in re.findall(pattern, (folder / f"{name}.py").read_text())
    }


def test_every_code_has_its_words() -> None:
    claims = found(r'Claim\([^"()]*(?:"[\w:]+", )?"([a-z_]+)"') | {m.because for m in MAKERS}
    claims |= {"ovital_says", "ovital_unknown", "photo_datum", "photo_no_datum"}
    troubles = found(r'Trouble\(\s*"([a-z_]+)"') | {"short_link", "no_link", "ring_not_closed"}
    notes = found(r'f"([a-z_]+):\{') | set(OUTSIDE.values())
    problems = found(r'"((?:phone|intake)\.[a-z_]+)"')
    assert len(claims) > 15
    assert len(troubles) > 5
    assert len(notes) > 5
    assert not [c for c in claims if not known(f"coordinates.because.{c}")]
    assert not [t for t in troubles if not known(f"intake.reason.{t}")]
    assert not [n for n in notes if not known(f"intake.note.{n}")]
    assert not [p for p in problems if not known(p)]
