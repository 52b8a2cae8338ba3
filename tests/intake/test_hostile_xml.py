"""XML that wants to read a file, call a server, or grow without end: KML, GPX, GML, workbooks."""

import zipfile
from pathlib import Path

import pytest

from gridwarden.intake.formats.registry import BY_KIND
from gridwarden.words.problems import Problem
from intake.hostile import SECRET, Canary, refused, said, watched

KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'
PLACE = "<Placemark><name>{}</name><Point><coordinates>114.3,30.5</coordinates></Point></Placemark>"
GPX = (
    '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
    '<wpt lat="30.5" lon="114.3"><name>{}</name></wpt></gpx>'
)
GML = (
    '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" {at}><gml:featureMember><b fid="b.1">'
    "<name>{}</name>{more}<gml:pointProperty><gml:Point srsName='EPSG:4547'><gml:coordinates>"
    "500000,3400000</gml:coordinates></gml:Point></gml:pointProperty></b></gml:featureMember>"
    "</gml:FeatureCollection>"
)
LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(12)
)


def xml(doctype: str, root: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>{doctype}{root}'


def attacks(canary: Canary) -> dict[str, tuple[str, str]]:
    """What stands before the root, and what stands where a name would."""
    return {
        "a file": (f'<!DOCTYPE x [<!ENTITY m SYSTEM "file://{canary.secret}">]>', "&m;"),
        "a server": (f'<!DOCTYPE x [<!ENTITY m SYSTEM "{canary.url}">]>', "&m;"),
        "its own parts": (f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{canary.url}">%p;]>', "x"),
        "a rule elsewhere": (f'<!DOCTYPE x SYSTEM "{canary.url}.dtd">', "x"),
        "no end": (f"<!DOCTYPE x [{LAUGHS}]>", "&m;"),
    }


def test_entities_and_rules_from_elsewhere_are_not_looked_up(tmp_path: Path) -> None:
    with watched(tmp_path) as canary:
        for why, (doctype, name) in attacks(canary).items():
            for suffix, root in (
                ("kml", KML.format(PLACE.format(name))),
                ("gpx", GPX.format(name)),
                ("gml", GML.format(name, at="", more="")),
            ):
                file = tmp_path / f"x.{suffix}"
                file.write_text(xml(doctype, root))
                found = said(file, tmp_path / "room")
                if why != "a rule elsewhere":  # which may be passed over
                    assert isinstance(found, Problem), (suffix, why)


def test_links_in_kml_are_not_followed(tmp_path: Path) -> None:
    with watched(tmp_path) as canary:
        links = (
            f"<NetworkLink><Link><href>{canary.url}</href></Link></NetworkLink>"
            f"<Style><IconStyle><Icon><href>{canary.url}</href></Icon></IconStyle></Style>"
            f"<styleUrl>{canary.url}#x</styleUrl><GroundOverlay><Icon><href>{canary.url}</href>"
            f"</Icon></GroundOverlay><Schema id='x' schemaUrl='{canary.url}'/>"
        )
        file = tmp_path / "x.kml"
        file.write_text(xml("", KML.format(links + PLACE.format("甲"))))
        assert "甲" in repr(said(file, tmp_path / "room"))
        file.write_text(xml("", KML.format("<Folder>" * 50_000 + "</Folder>" * 50_000)))
        assert isinstance(said(file, tmp_path / "room"), Problem)


@pytest.mark.skipif("gml" not in BY_KIND, reason="GML is not read")
def test_schemas_and_links_in_gml_are_not_fetched(tmp_path: Path) -> None:
    with watched(tmp_path) as canary:
        for at, more in (
            (f'xsi:schemaLocation="http://www.opengis.net/gml {canary.url}.xsd"', ""),
            (f'xsi:schemaLocation="http://www.opengis.net/gml {canary.secret}"', ""),
            ("", f'<part xlink:href="{canary.url}#x"/><part xlink:href="{canary.secret}"/>'),
        ):
            file = tmp_path / "x.gml"
            file.write_text(xml("", GML.format("甲", at=at, more=more)))
            for beside in (".gfs", ".xsd"):
                file.with_suffix(beside).write_text(
                    f"<GMLFeatureClassList><GMLFeatureClass><Name>b</Name><ElementPath>{SECRET}"
                    "</ElementPath></GMLFeatureClass></GMLFeatureClassList>"
                )
            found = said(file, tmp_path / "room")
            assert isinstance(found, Problem) or "甲" in repr(found)


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>lon</t>'
    '</is></c><c r="B1" t="inlineStr"><is><t>lat</t></is></c><c r="C1" t="s"><v>0</v></c></row>'
    '<row r="2"><c r="A2"><v>114.3</v></c><c r="B2"><v>30.5</v></c><c r="C2" t="s"><v>1</v></c>'
    "</row>{}</sheetData></worksheet>"
)
STRINGS = (
    '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<si><t>名称</t></si><si><t>{}</t></si>{}</sst>"
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def workbook(path: Path, sheet: str, strings: str) -> Path:
    """A workbook of one sheet, by hand."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/s.xml" ContentType="{kind}.worksheet+xml"/>'
            '<Override PartName="/xl/sharedStrings.xml"'
            f' ContentType="{kind}.sharedStrings+xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1"'
            f' Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
            f' xmlns:r="{OFFICE}"><sheets><sheet name="甲" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1"'
            f' Type="{OFFICE}/worksheet" Target="s.xml"/><Relationship Id="r2"'
            f' Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        )
        archive.writestr("xl/s.xml", sheet)
        archive.writestr("xl/sharedStrings.xml", strings)
    return path


def test_workbooks_that_swell_are_bounded(tmp_path: Path) -> None:
    room = tmp_path / "room"
    good = workbook(tmp_path / "good.xlsx", SHEET.format(""), STRINGS.format("楼", ""))
    assert "楼" in repr(said(good, room)), "the sheet itself is read, whatever size it claims"
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    blank = "<row/>" * 100_000
    wide = '<row r="3">' + "<c><v>1</v></c>" * 60_000 + "</row>"
    long = "<si><t>x</t></si>" * 100_000
    for name, sheet, strings, may_read in (
        ("far", SHEET.format(far), STRINGS.format("楼", ""), False),
        ("blank", SHEET.format(blank), STRINGS.format("楼", ""), True),
        ("wide", SHEET.format(wide), STRINGS.format("楼", ""), False),
        ("cell", SHEET.format(""), STRINGS.format("x" * (10 << 20), ""), True),
        ("cells", SHEET.format(""), STRINGS.format("楼", long), True),
        ("space", SHEET.format(" " * (40 << 20)), STRINGS.format("楼", ""), True),
    ):
        found = said(workbook(tmp_path / f"{name}.xlsx", sheet, strings), room)
        assert may_read or isinstance(found, Problem), name


def test_entities_in_a_workbook_are_refused(tmp_path: Path) -> None:
    with watched(tmp_path) as canary:
        for why, (doctype, name) in attacks(canary).items():
            file = workbook(
                tmp_path / "x.xlsx", SHEET.format(""), xml(doctype, STRINGS.format(name, ""))
            )
            assert isinstance(said(file, tmp_path / "room"), Problem), why
            file = workbook(
                tmp_path / "x.xlsx", xml(doctype, SHEET.format("")), STRINGS.format("楼", "")
            )
            assert isinstance(said(file, tmp_path / "room"), Problem), why


def test_archives_that_are_a_kind_of_file_are_bounded_too(tmp_path: Path) -> None:
    file = tmp_path / "x.kmz"
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("doc.kml", "w") as member,
    ):
        for _ in range(520):
            member.write(b" " * (1 << 20))
    assert file.stat().st_size < 4 << 20
    assert refused(file, tmp_path / "room")[0] in ("too_large", "unreadable_file")
