"""Whose coordinates: claim × numbers × city gives a reading with its reason, or a question."""

from typing import Any

import numpy as np
import pytest
import shapely

from gridwarden.geodesy import WorkingCrs, reading_of, wgs84_to_gcj02
from gridwarden.intake.coordinates import Decision, Extent, Said, decided
from gridwarden.intake.coordinates.deciding import Before
from gridwarden.intake.coordinates.extent import Looked
from gridwarden.intake.formats.claim import DEGREES, PLANE, Claim
from gridwarden.settings import Settings
from gridwarden.words import known, say
from gridwarden.words.problems import Problem

WUHAN, HELSINKI = Settings(crs=4547), Settings(crs=3879)
LON, LAT = 114.30 + np.arange(20) / 1000, 30.50 + np.arange(20) / 1000


def shapes(first: Any, second: Any) -> Any:
    return shapely.points(np.asarray(first, float), np.asarray(second, float))


def in_system(epsg: int, *, turned: bool = False) -> Any:
    """The twenty places in the numbers of a system."""
    from pyproj import Transformer

    x, y = Transformer.from_crs(4490, epsg, always_xy=True).transform(LON, LAT)
    return shapes(y, x) if turned else shapes(x, y)


def district(settings: Settings = WUHAN) -> Extent:
    """A city of 40 km around the twenty places."""
    working = WorkingCrs(settings.crs)
    x, y = working.from_lonlat(LON[:1], LAT[:1])
    return Extent(working, shapely.Point(x[0], y[0]).buffer(20_000))


FILE_4326, FILE_4547 = Claim("EPSG:4326", "file"), Claim("EPSG:4547", "file")
LONLAT, XY = Claim(DEGREES, "lonlat_columns"), Claim(PLANE, "xy_columns", None)
NOTHING = Claim(None, "nothing")
LOCAL = Claim(PLANE, "title_local", None, "武汉2000坐标系，38带")
SEVERAL = Claim(PLANE, "title_several", None, "由1954年北京坐标系转换至2000国家大地坐标系")
DEG, DEG_TURNED = shapes(LON, LAT), shapes(LAT, LON)
FIN = shapes(24.94 + LON / 1e4, 60.17 + LAT / 1e4)

TAKEN = {
    "a file's statement": (FILE_4547, in_system(4547), {}, "EPSG:4547", "file"),
    "a person's word": (FILE_4326, in_system(4549), {"crs": "EPSG:4549"}, "EPSG:4549", "said"),
    "an answer": (LONLAT, DEG, {"crs": "gcj02", "answered": ("crs",)}, "gcj02", "answered"),
    "an answer that does not fit": (FILE_4547, in_system(4549),
        {"crs": "EPSG:4547", "answered": ("crs", "north_first")}, "EPSG:4547", "answered"),
    "its maker": (Claim("gcj02", "maker", detail="Ovital"), DEG, {}, "gcj02", "maker"),
    "a zone's number": (XY, in_system(4526), {}, "EPSG:4526", "zone_prefix"),
    "a 6° zone's number": (XY, in_system(4497), {}, "EPSG:4497", "zone_prefix"),
    "a zone's number, X north": (XY, in_system(4526, turned=True), {}, "EPSG:4526", "zone_prefix"),
    "the only zone": (XY, in_system(4547), {}, "EPSG:4547", "only_zone_that_fits"),
    "the only zone, X north": (XY, in_system(4548, turned=True), {}, "EPSG:4548",
        "only_zone_that_fits"),
    "a Shapefile without .prj": (NOTHING, in_system(4547), {}, "EPSG:4547", "only_zone_that_fits"),
    "X north, the system said": (XY, in_system(4547, turned=True), {"crs": "EPSG:4547"},
        "EPSG:4547", "said"),
    "latitude first, open": (Claim("EPSG:4326", "gml", None), DEG_TURNED, {}, "EPSG:4326", "gml"),
}  # fmt: skip


@pytest.mark.parametrize("case", TAKEN)
@pytest.mark.parametrize("extent", [None, district()])
def test_it_is_taken_with_its_reason(case: str, extent: Extent | None) -> None:
    claim, sample, said, name, because = TAKEN[case]
    got = decided(claim, sample, Said(**said), WUHAN, extent)
    assert got.question is None, got.question
    assert got.reading is not None
    assert (got.reading.name, got.because) == (name, because)
    assert got.reading.north_first is ("X north" in case or "first, open" in case)
    by_range = "latitude_first_by_range" if got.reading.geographic else "x_is_north_by_range"
    assert ((by_range, "") in got.also) is got.reading.north_first
    note = "latitude_first" if got.reading.geographic else "x_is_north"
    assert (note in got.notes) is got.reading.north_first
    assert ("none_in_city:20" in got.notes) is ("does not fit" in case)
    if "does not fit" not in case:
        first, second = shapely.get_coordinates(sample).T
        assert (extent or district()).holds(*got.reading.to_working(first, second)).all()


ASKED: dict[str, tuple[Claim, Any, dict[str, Any], str, list[dict[str, Any]]]] = {
    "plain degrees": (LONLAT, DEG, {}, "whose",
        [{"crs": "EPSG:4326"}, {"crs": "gcj02"}, {"crs": "bd09"}]),
    "degrees of a file that says nothing": (NOTHING, DEG, {}, "whose",
        [{"crs": "EPSG:4326"}, {"crs": "gcj02"}, {"crs": "bd09"}]),
    "columns of degrees that are swapped": (LONLAT, DEG_TURNED, {}, "north_first",
        [{"north_first": True}, {"north_first": False}]),
    "a swapped GeoJSON": (FILE_4326, DEG_TURNED, {}, "north_first",
        [{"north_first": True}, {"north_first": False}]),
    "a swapped GeoPackage": (FILE_4547, in_system(4547, turned=True), {}, "north_first",
        [{"north_first": True}, {"north_first": False}]),
    "said to be swapped and is not": (XY, in_system(4547),
        {"crs": "EPSG:4547", "north_first": True}, "east_first",
        [{"north_first": False}, {"north_first": True}]),
    "metres by its .prj, degrees by its numbers": (FILE_4547, DEG, {}, "misfit",
        [{"crs": "EPSG:4326"}, {"crs": "gcj02"}, {"crs": "bd09"}, {"crs": "EPSG:4547"}]),
    "a zone's number that its system has not": (FILE_4547, in_system(4526), {}, "misfit",
        [{"crs": "EPSG:4526"}, {"crs": "EPSG:4547"}]),
    "a zone's number missing": (Claim("EPSG:4526", "file"), in_system(4547), {}, "misfit",
        [{"crs": "EPSG:4547"}, {"crs": "EPSG:4526"}]),
    "the neighbouring zone": (FILE_4547, in_system(4548), {}, "misfit",
        [{"crs": "EPSG:4548"}, {"crs": "EPSG:4547"}]),
    "the neighbouring zone, said": (XY, in_system(4548), {"crs": "EPSG:4547"}, "misfit",
        [{"crs": "EPSG:4548"}, {"crs": "EPSG:4547"}]),
    "metres in a file of degrees": (FILE_4326, in_system(4547), {}, "misfit",
        [{"crs": "EPSG:4547"}, {"crs": "EPSG:4326"}]),
    "another zone, and swapped": (FILE_4547, in_system(4526, turned=True), {}, "misfit",
        [{"crs": "EPSG:4526", "north_first": True}, {"crs": "EPSG:4547"}]),
}  # fmt: skip


@pytest.mark.parametrize("case", ASKED)
def test_it_is_held_with_every_reading_that_fits(case: str) -> None:
    claim, sample, said, key, answers = ASKED[case]
    got = decided(claim, sample, Said(**said), WUHAN, district())
    assert got.reading is None
    assert got.question is not None
    document = got.question.document()
    assert [one["answer"] for one in document["options"]] == answers
    assert (document["key"], document["options"][0]["inside"]) == (key, 20)
    if document["kind"] == "axes":
        assert (document["answer"], document["inside"], document["of"]) == (answers[0], 20, 20)
    drawn = document["options"][0]["sample"]["geometries"]
    assert len(drawn) == 20
    assert drawn[3]["coordinates"] == pytest.approx((LON[3], LAT[3]), abs=0.02)


@pytest.mark.parametrize("case", ASKED)
def test_each_answer_ends_the_question(case: str) -> None:
    claim, sample, said, _, answers = ASKED[case]
    for answer in answers:
        now = Said(**{**said, **answer, "answered": tuple(answer)})
        got = decided(claim, sample, now, WUHAN, district())
        if got.question is not None:  # whose they are, once the order is known
            more: dict[str, Any] = dict(got.question.options[0].answer)
            now = Said(now.crs or more.get("crs"), more.get("north_first", now.north_first),
                       (*now.answered, *more))  # fmt: skip
            got = decided(claim, sample, now, WUHAN, district())
        assert got.reading is not None, got.question
        assert got.because == ("answered" if "crs" in now.answered else got.because)
        assert ("answered_axes", "") in got.also or "north_first" not in now.answered


def test_where_no_shift_exists_degrees_are_wgs_84() -> None:
    got = decided(LONLAT, FIN, Said(), HELSINKI)
    assert got.reading is not None
    assert (got.reading.name, got.because) == ("EPSG:4326", "no_shift_here")
    first, second = shapely.get_coordinates(FIN).T
    turned = decided(LONLAT, shapes(second, first), Said(), HELSINKI)
    assert turned.question is not None
    assert turned.question.document()["answer"] == {"north_first": True}


def test_metres_of_no_chinese_range_are_offered_the_working_system() -> None:
    there = reading_of("EPSG:4326", WorkingCrs(3879)).to_working(*shapely.get_coordinates(FIN).T)
    got = decided(XY, shapes(*there), Said(), HELSINKI)
    assert got.question is not None
    assert [one.answer for one in got.question.options] == [{"crs": "EPSG:3879"}]
    turned = decided(XY, shapes(*there[::-1]), Said(), HELSINKI)
    assert turned.question is not None
    answer = {"crs": "EPSG:3879", "north_first": True}
    assert [one.answer for one in turned.question.options] == [answer]


def test_a_sender_who_answered_is_not_asked_again_unless_the_numbers_do_not_fit() -> None:
    before = Before("gcj02", "gcj02")
    got = decided(LONLAT, DEG, Said(), WUHAN, district(), before=before)
    assert got.reading is not None
    assert (got.reading.name, got.because) == ("gcj02", "answered_before")
    zone = Before("EPSG:4549", "EPSG:4549")
    again = decided(XY, shapes(LON * 10, LAT * 10), Said(), WUHAN, district(), before=zone)
    assert again.reading is not None  # nothing fits better: rows outside are rejected one by one
    wrong = decided(NOTHING, in_system(4547), Said(), WUHAN, Extent(WorkingCrs(4547)),
                    before=Before("EPSG:4548", ""))  # fmt: skip
    assert wrong.reading is None
    assert wrong.question is not None


def test_a_gcj_file_that_says_wgs_is_asked_about_when_only_so_it_lies_in_the_city() -> None:
    """A city two streets wide; all rows lie outside it by what the file states."""
    working = WorkingCrs(4547)
    x, y = working.from_lonlat(LON[:1], LAT[:1])
    small = Extent(working, shapely.Point(x[0], y[0]).buffer(200))
    at = wgs84_to_gcj02(LON[:1], LAT[:1])
    got = decided(FILE_4326, shapes(*at), Said(), WUHAN, small)
    assert got.question is not None
    assert [one.answer["crs"] for one in got.question.options] == ["gcj02", "EPSG:4326"]


@pytest.mark.parametrize(
    ("claim", "sample", "said", "key"),
    [
        (Claim("EPSG:4610", "file"), DEG, {}, "intake.crs_no_parameters"),
        (XY, shapes([1000.0, 2000.0], [2000.0, 1000.0]), {}, "intake.no_crs"),
        (XY, shapes([1.0], [2.0]), {"crs": "local:somebody's"}, "coordinates.refused.no_local"),
        (NOTHING, shapes([500_000.0], [5_900_000.0]), {}, "coordinates.refused.no_zone_fits"),
        (NOTHING, shapes([], []), {}, "intake.no_crs"),
        (LOCAL, in_system(4547), {}, "coordinates.refused.names_local"),
        (LOCAL, in_system(4526), {}, "coordinates.refused.names_local"),
        (SEVERAL, in_system(4547, turned=True), {}, "coordinates.refused.names_several"),
        (SEVERAL, in_system(4526), {}, "coordinates.refused.names_several"),
        (
            SEVERAL,
            shapes([529_000.0, 9.0], [3_374_000.0, 9.0]),
            {},
            "coordinates.refused.names_several",
        ),
    ],
)
def test_what_cannot_even_be_asked_is_refused(
    claim: Claim, sample: Any, said: dict[str, Any], key: str
) -> None:
    with pytest.raises(Problem) as refused:
        decided(claim, sample, Said(**said), WUHAN, district())
    assert (refused.value.detail, refused.value.field) == (key, "crs")
    for language in ("en", "zh"):
        assert claim.detail in refused.value.said(language)
        assert "{" not in refused.value.said(language)
    if claim.because in ("title_local", "title_several"):
        told = decided(claim, sample, Said("EPSG:4547"), WUHAN, Extent(WorkingCrs(4547)))
        assert told.reading is not None or told.question is not None


def test_a_few_bad_rows_among_many_neither_hold_nor_move_the_rest() -> None:
    numbers = shapely.get_coordinates(in_system(4547))
    numbers[3] = (0, 0)
    numbers[7] = numbers[7][::-1]
    got = decided(FILE_4547, shapes(*numbers.T), Said(), WUHAN, district())
    assert got.reading is not None
    assert not got.reading.north_first
    assert got.notes == ("swapped_rows:1",)
    held = decided(XY, shapes(*numbers.T), Said(), WUHAN, district())
    assert held.reading is None, "strict: one swapped row, and the numbers prove nothing"


def test_no_position_at_all_is_no_question() -> None:
    nowhere = shapely.points([np.nan, np.nan], [1.0, 2.0])
    for claim, because in ((FILE_4547, "file"), (LONLAT, "no_places")):
        got = decided(claim, nowhere, Said(), WUHAN)
        assert (got.question, got.because) == (None, because)


def test_a_file_that_begins_with_zeros_is_judged_by_its_first_places() -> None:
    zeros, empty = shapes([0.0] * 3, [0.0] * 3), shapely.points([np.nan], [1.0])
    missing = np.array([None], dtype=object)
    heads = [zeros, empty, missing, zeros]
    late = iter([*heads, DEG, zeros])
    assert Looked.first_places(late) is DEG
    assert len(list(late)) == 1, "what follows is not read"
    got = decided(LONLAT, Looked.first_places([*heads, DEG]), Said(), WUHAN, district())
    assert got.question is not None
    assert got.question.key == "whose"
    none = decided(LONLAT, Looked.first_places(heads), Said(), WUHAN, district())
    assert none.because == "no_places"
    assert Looked.first_places([]).size == 0


def test_a_zone_elsewhere_is_told_of() -> None:
    north = shapely.transform(in_system(4526), lambda at: at + np.array([0, 900_000]))
    got = decided(XY, north, Said(), WUHAN, district())
    assert (got.because, got.notes) == ("zone_prefix", ("none_in_city:20",))
    for language in ("en", "zh"):
        assert "20" in say("intake.note.none_in_city", language, value=20)
        assert known("intake.note.latitude_first")


@pytest.mark.parametrize(("crs", "shifted"), [(4547, True), (4549, True), (32650, True),
    (3879, False), (25832, False), (31467, False), (27700, False), (3577, False)])  # fmt: skip
def test_the_shift_is_where_mainland_china_is(crs: int, shifted: bool) -> None:
    assert Extent(WorkingCrs(crs)).shifted is shifted


def test_every_reason_and_question_has_words_in_both_languages() -> None:
    seen: list[Decision] = []
    for claim, sample, said, _, _ in (*TAKEN.values(), *ASKED.values()):
        seen.append(decided(claim, sample, Said(**said), WUHAN, district()))
    for one in seen:
        for key in (one.because, *(key for key, _ in one.also)):
            assert known(f"coordinates.because.{key}") or key in ("maker", "gml"), key
        if one.question is not None:
            for option in one.question.options:
                for language in ("en", "zh"):
                    text = say(f"coordinates.option.{option.key}", language, inside=option.inside,
                               of=option.of, **option.params)  # fmt: skip
                    assert "20" in text
                    assert "{" not in text
