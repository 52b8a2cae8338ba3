"""The ten indicators, their careful ends, scores and places: pure functions of what was counted."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridwarden.hazards.board.counted import Counted
from gridwarden.hazards.board.definitions import COUNTS, Definitions, definitions_of, read
from gridwarden.hazards.board.indicators import INDICATORS, wilson
from gridwarden.hazards.board.scoring import class_of, in_cents, ranked, scored, taken
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

SHIPPED = (Path(__file__).parents[2] / "service/gridwarden/hazards/board/board.toml").read_text(
    "utf-8"
)


@pytest.fixture(scope="module")
def shipped() -> Definitions:
    made, mistakes = read(SHIPPED)
    assert not mistakes
    return made


@pytest.mark.parametrize(
    ("code", "counted", "percent"),
    [
        ("R1", Counted(surveyed=1100, known=1183), "92.98"),
        ("R2", Counted(closed=538, found=1124), "47.86"),
        ("R3", Counted(on_time=3, due=4), "75.00"),
        ("R4", Counted(overdue=1, open=3), "33.33"),
        ("R5", Counted(rechecked=9, claimed=10), "90.00"),
        ("R6", Counted(first_passed=5, first_checked=8), "62.50"),
        ("R7", Counted(recurred=2, closings=40), "5.00"),
        ("R9", Counted(spot_checked=50, missed=3, false=2), "90.00"),
        ("R10", Counted(delisted=3, listed=12), "25.00"),
    ],
)
def test_each_share_is_what_its_name_says(code: str, counted: Counted, percent: str) -> None:
    found = INDICATORS[code](counted)
    assert found.value is not None
    assert str(in_cents(100 * found.value)) == percent


def test_hours_are_the_median_that_was_counted() -> None:
    found = INDICATORS["R8"](Counted(hours=12.5, timed=7))
    assert (found.value, found.n) == (12.5, 7)


def test_nothing_known_is_no_figure_and_never_nought() -> None:
    nothing = Counted()
    for code, indicator in INDICATORS.items():
        found = indicator(nothing)
        assert found.value is None, code
        assert found.n == 0
    counted = Counted(found=5, open=5)
    assert INDICATORS["R2"](counted).value == 0.0, "none closed of five is nought"


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # Newcombe 1998 (81 of 263, 15 of 148, 0 of 20, 1 of 29), as printed there to four places
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_the_published_one(
    part: int, whole: int, low: float, high: float
) -> None:
    found = wilson(part, whole, 0.95)
    assert found == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_in_its_interval_and_more_rows_narrow_it(share: tuple[int, int]) -> None:
    part, whole = share
    low, high = wilson(part, whole, 0.95)
    assert 0 <= low <= part / whole <= high <= 1
    tenfold = wilson(10 * part, 10 * whole, 0.95)
    assert tenfold[1] - tenfold[0] < high - low


def test_few_rows_are_marked_and_count_carefully(shipped: Definitions) -> None:
    few = scored(shipped, Counted(found=3, closed=3), "district").figures[1]
    many = scored(shipped, Counted(found=3000, closed=2900), "district").figures[1]
    assert few.code == many.code == "R2"
    assert few.low_n and not many.low_n
    assert few.value == 1.0
    assert few.good is not None and many.good is not None
    assert few.good < many.good, "three of three must not beat 2,900 of 3,000"


def counts(draw: st.DrawFn) -> Counted:
    """Anything that can be counted: no part is more than its whole."""

    def pair(most: int = 400) -> tuple[int, int]:
        whole = draw(st.integers(0, most))
        return draw(st.integers(0, whole)), whole

    values: dict[str, int | float | None] = {}
    for part, whole in (
        *(("closed", "found"), ("on_time", "due"), ("overdue", "open")),
        *(("rechecked", "claimed"), ("first_passed", "first_checked"), ("recurred", "closings")),
        *(("surveyed", "known"), ("delisted", "listed"), ("missed", "spot_checked")),
    ):
        values[part], values[whole] = pair()
    values["hours"] = draw(st.none() | st.floats(0, 1000))
    values["timed"] = 0 if values["hours"] is None else draw(st.integers(1, 99))
    values["overdue_major"] = draw(st.integers(0, 20))
    values["households"] = draw(st.none() | st.integers(0, 90_000))
    return Counted(**values)  # type: ignore[arg-type]


anything = st.composite(counts)()


@given(anything)
def test_a_score_is_the_published_sum(counted: Counted) -> None:
    definitions = definitions_of(Settings())
    found = scored(definitions, counted, "district")
    pairs = zip(definitions.indicators, found.figures, strict=True)
    told = [(one.weight, f.good) for one, f in pairs if f.good is not None]
    assert all(0 <= good <= 1 for _, good in told)
    weight = sum(w for w, _ in told)
    if weight < definitions.least_weight * sum(one.weight for one in definitions.indicators):
        assert found.score is None
        assert class_of(definitions, found.score) is None
        return
    by_hand = 100 * sum(w * good for w, good in told) / weight - sum(t.points for t in found.taken)
    assert found.score is not None
    assert float(found.score) == pytest.approx(by_hand, abs=0.0051)
    assert class_of(definitions, found.score) is not None


@given(anything)
def test_better_work_never_lowers_a_score(counted: Counted) -> None:
    definitions = definitions_of(Settings())
    before = scored(definitions, counted, "district").score
    if before is None or counted.closed == counted.found:
        return
    values = {name: getattr(counted, name) for name in Counted.__dataclass_fields__}
    better = scored(definitions, Counted(**{**values, "closed": counted.closed + 1}), "district")
    assert better.score is not None
    assert better.score >= before


def test_penalties_are_per_stock_so_that_size_alone_does_not_lose(shipped: Definitions) -> None:
    major = next(one for one in shipped.penalties if one.of == "overdue_major")
    small = taken(major, Counted(overdue_major=2, households=10_000), "district")
    large = taken(major, Counted(overdue_major=8, households=40_000), "district")
    assert small.rate == large.rate == 2.0
    assert small.points == large.points
    unknown = taken(major, Counted(overdue_major=2), "district")
    assert (unknown.rate, unknown.points) == (None, 0.0), "no stock: no rate, and it is told"
    company = taken(major, Counted(overdue_major=2, found=50, households=9), "organisation")
    assert (company.per, company.rate) == ("found", 4.0)
    assert taken(major, Counted(overdue_major=999, households=10), "district").points == 10


def test_places_by_score_then_fewer_overdue_then_name() -> None:
    rows = [
        ("丙", Decimal("80.00"), 5, 3),
        ("甲", Decimal("80.00"), 2, 1),
        ("丁", None, 0, 4),
        ("乙", Decimal("80.00"), 2, 2),
        ("戊", Decimal("91.50"), 9, 5),
    ]
    places = ranked(rows, lambda r: r[1], lambda r: r[2], lambda r: r[3])
    assert [(p.group[0], p.rank, p.tied) for p in places] == [
        *(
            ("戊", 1, False),
            ("甲", 2, True),
            ("乙", 3, True),
            ("丙", 4, False),
            ("丁", None, False),
        ),
    ]


@given(st.permutations(list(range(8))), st.lists(st.integers(0, 2), min_size=8, max_size=8))
def test_places_do_not_depend_on_the_order_of_asking(order: list[int], scores: list[int]) -> None:
    rows = [(n, Decimal(scores[n])) for n in order]
    places = ranked(rows, lambda r: r[1], lambda _: 0, lambda r: r[0])
    assert [p.group[0] for p in places] == sorted(range(8), key=lambda n: (-scores[n], n))
    assert [p.rank for p in places] == list(range(1, 9))


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ("weight = 20", 'weight = "20"', "indicator[2].weight"),
        ('code = "R10"', 'code = "R11"', "indicator[10].code"),
        ('code = "R10"', 'code = "R1"', "indicator"),
        ("worst = 240", "worst = 0", "indicator[8].worst"),
        ("least_n = 5", "least_n = 5.5", "indicator[10].least_n"),
        ('per = "households"', 'per = "people"', "penalty[1].per"),
        ('of = "late"', 'of = "lateness"', "penalty[2].of"),
        ("from = 75", "from = 95", "class"),
        ("from = -1000", "from = 0", "class"),
        ('to = "17:00"', 'to = "5 pm"', "hours.to"),
        ('to = "17:00"', 'to = "08:00"', "hours.to"),
        ("days = 90", "day = 90", "recurrence.day"),
        ("colour = 4", "colour = 7", "class[4].colour"),
        ("confidence = 0.95", "confidence = 95", "indicator[1].confidence"),
        ("least_weight = 0.5", "least_weight = true", "least_weight"),
        ("[hours]", "[hours", "TOML"),
    ],
)
def test_a_mistake_of_an_office_is_told_with_its_key(before: str, after: str, where: str) -> None:
    assert before in SHIPPED
    _, mistakes = read(SHIPPED.replace(before, after, 1))
    assert where in [one.where for one in mistakes]
    for one in mistakes:
        assert one.said("en") and one.said("zh")


def test_an_offices_own_file_is_used_and_a_wrong_one_refused(tmp_path: Path) -> None:
    own = tmp_path / "board.toml"
    own.write_text(SHIPPED.replace('name = "gridwarden"', 'name = "百日攻坚"'), "utf-8")
    settings = Settings(board=own)
    made = definitions_of(settings)
    assert made.name == "百日攻坚"
    assert made.sha256 != definitions_of(Settings()).sha256
    own.write_text(SHIPPED.replace("weight = 20", "weight = -1", 1), "utf-8")
    with pytest.raises(Problem, match=r"indicator\[2\]\.weight"):
        definitions_of(settings)
    own.unlink()
    with pytest.raises(Problem, match="cannot be read"):
        definitions_of(settings)


def test_every_count_is_a_count() -> None:
    assert {"found", "overdue_major", "late"} <= set(COUNTS)
    assert not {"hours", "households"} & set(COUNTS)
    with pytest.raises(ValueError, match="less than nothing"):
        Counted(open=-1)
