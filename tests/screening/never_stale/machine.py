"""What may happen to a town, in any order: a state machine for hypothesis."""

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from screening.test_reasons import overlay

from .bringing import LAYERS, Supplier
from .ground import Act, acts, box, dot, line
from .town import WRITERS, Town

WRITER = st.integers(0, WRITERS - 1)
STOPS = st.sampled_from(
    ["finding", "finding", "main_rule", "charging_sheds", "buildings", "finding_past", "event",
     "screen_step"]
)  # fmt: skip
"""Tables before which a step can be made to stand: after it took its changes, between two of its
statements, before it writes what differs, and before it is done."""
PACKS = {
    "own": overlay("1"),
    "wider": overlay("2", ("limit_m = 5.0", "limit_m = 20.0")),
    "as at first": overlay("3"),
    "lower": overlay("4", ("over = 20.0", "over = 5.0"), ("limit_m = 100.0", "limit_m = 15.0")),
}
START = [
    Act("insert", "gas_pipelines", 0, line((-5, 10), (30, 12), (65, 10)),
        {"pressure_class": "MA", "p_mop_mpa": 0.4, "material": "steel", "od_mm": 219.0,
         "accuracy_m": 0.3}),
    Act("insert", "gas_pipelines", 1, line((20, -5), (20, 65)),
        {"pressure_class": "HB", "p_mop_mpa": 2.5, "material": "steel", "dn": 500.0,
         "area_class": "1", "accuracy_m": 0.0, "depth_top_m": 1.5}),
    Act("insert", "buildings", 0, box(25, 14, 8, 8), {"height_m": 40.0, "accuracy_m": 0.0}),
    Act("insert", "buildings", 1, box(40, 11, 8, 8), {"storeys": 9, "accuracy_m": 1.0}),
    Act("insert", "charging_sheds", 0, dot(36, 18), {"status": "open", "accuracy_m": 0.0}),
    Act("insert", "estates", 0, box(24, 13, 30, 30), {"households": 10, "accuracy_m": 0.0}),
    Act("insert", "fire_lanes", 0, box(34, 12, 4, 20),
        {"kind": "lane", "dead_end": True, "length_m": 50.0, "accuracy_m": 0.0}),
    Act("insert", "fire_lanes", 0, box(35, 33, 12, 12),
        {"kind": "turning_place", "state": "free", "accuracy_m": 0.0}),
    Act("insert", "excavations", 0, box(10, 5, 3, 3), {"method": "mechanical", "depth_m": 2.5}),
    Act("insert", "underground_lines", 0, line((-5, 30), (65, 31)), {"kind": "water", "dn": 200.0}),
    Act("insert", "street_objects", 0, dot(21, 40), {"kind": "tree", "accuracy_m": 0.0}),
    Act("insert", "districts", 0, box(-50, -50, 85, 200)),
    Act("insert", "districts", 0, box(35, -50, 85, 200)),
]  # fmt: skip


class History(RuleBasedStateMachine):
    """Anything that happens to a town; whenever it comes to rest, its findings are true."""

    town: ClassVar[Town]
    supplier: ClassVar[Supplier]
    most_brought: ClassVar[int] = 1
    """Imports in one history: each costs as much as a dozen other steps."""

    def __init__(self) -> None:
        super().__init__()
        self.brought = 0

    @initialize(screened=st.booleans(), beginning=st.booleans())
    def begin(self, screened: bool, beginning: bool) -> None:
        self.town.empty()
        if beginning:
            self.town.at_once(*START)
        if screened:
            self.town.drain()

    # ------------------------------------------------------------------------ writing
    @rule(some=st.lists(acts(), min_size=1, max_size=3))
    def by_hand(self, some: list[Act]) -> None:
        self.town.at_once(*some)

    @rule(writer=WRITER, act=acts())
    def write(self, writer: int, act: Act) -> None:
        self.town.write(writer, act)

    @rule(writer=WRITER, more=st.lists(acts(), min_size=2, max_size=4))
    def write_more(self, writer: int, more: list[Act]) -> None:
        self.town.write(writer, *more)

    @rule(writer=WRITER, act=acts())
    def think_better_of_it(self, writer: int, act: Act) -> None:
        """A savepoint, and back to it."""
        c = self.town.begun(writer)
        c.execute("savepoint before")
        self.town.write(writer, act)
        c.execute("rollback to savepoint before")

    @rule(writer=WRITER)
    def commit(self, writer: int) -> None:
        self.town.commit(writer)

    @rule(writer=WRITER)
    def roll_back(self, writer: int) -> None:
        self.town.roll_back(writer)

    @rule(
        dataset=st.sampled_from(["gas_pipelines", "buildings", "fire_lanes"]), baidu=st.booleans()
    )
    def read_otherwise(self, dataset: str, baidu: bool) -> None:
        self.town.rows(
            "update data.dataset set crs = %s where layer = %s and name = 'another'"
            " and crs is distinct from %s",
            ("bd09" if baidu else "cgcs2000", dataset, "bd09" if baidu else "cgcs2000"),
        )

    @precondition(lambda self: self.brought < self.most_brought)
    @rule(
        layer=st.sampled_from(LAYERS),
        editions=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 6)), min_size=1, max_size=2),
        back=st.sampled_from([None, 0, 1]),
        midway=st.booleans(),
    )
    def bring(
        self, layer: str, editions: list[tuple[int, int]], back: int | None, midway: bool
    ) -> None:
        """A supplier's files come in, and an earlier version of them comes back."""
        self.brought += 1
        for number, many in editions:
            assert self.supplier.bring(layer, number, many) in ("published", "unchanged")
            if midway:
                self.town.step(most=3)
        if back is not None:
            self.supplier.back(layer, back)

    # ------------------------------------------------------------------------ rules
    @rule(pack=st.sampled_from([*sorted(PACKS), ""]))
    def publish(self, pack: str) -> None:
        """The city's own pack in another version, or no more."""
        if pack:
            self.town.publish(PACKS[pack])
        else:
            self.town.withdraw()

    @precondition(lambda self: self.town.pending)
    @rule()
    def rules_screen(self) -> None:
        self.town.rules_screen()

    # ------------------------------------------------------------------------ screening
    @rule(
        most=st.sampled_from([1, 3, 1000]),
        slice_of=st.sampled_from([1, 2, 1000]),
        whole_from=st.sampled_from([4, 1000, 1000, 1000]),
    )
    def step(self, most: int, slice_of: int, whole_from: int = 1000) -> None:
        """Also of so few changes that many are needed, or of so many that all is judged."""
        self.town.step(most=most, slice_of=slice_of, whole_from=whole_from)

    @rule(whole=st.sampled_from([False] * 4 + [True]))
    def two_at_once(self, whole: bool) -> None:
        self.town.two_at_once(whole)

    @rule(
        table=STOPS,
        before=st.lists(acts(), min_size=1, max_size=3),
        ending=st.sets(WRITER),
        while_so=st.lists(acts(), max_size=1),
        end=st.sampled_from(["", "", "cancelled", "killed"]),
        whole=st.sampled_from([False] * 5 + [True]),
    )
    def stopped(
        self,
        table: str,
        before: list[Act],
        ending: set[int],
        while_so: list[Act],
        end: str,
        whole: bool,
    ) -> None:
        """A step stands still while writers commit and others write; goes on, or is killed."""

        def meanwhile() -> None:
            for writer in sorted(ending):
                self.town.commit(writer)
            self.town.at_once(*while_so)

        self.town.at_once(*before)
        self.town.stopped_at(table, meanwhile, end, whole)

    # ------------------------------------------------------------------------ truth
    @rule()
    def rest(self) -> None:
        self.town.check()

    def teardown(self) -> None:
        self.town.check()
