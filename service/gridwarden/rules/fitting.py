"""Does a pack fit the city and the packs that it extends? Layers, columns, classes, figures."""

from collections.abc import Iterator, Mapping, Sequence

from gridwarden.database import ADMINISTRATORS
from gridwarden.layers.catalogue import Column, Layer, layers
from gridwarden.rules.format import COMPARISONS, LEVELS, MAINS, Condition, Pack, Rule
from gridwarden.rules.format.rows import MainConditions

Mistake = tuple[tuple[str | int, ...], str]
"""The place in the pack, and a sentence."""
NUMBERS = ("real", "integer")


def unfit(pack: Pack, extends: Sequence[Pack]) -> Iterator[Mistake]:
    """What does not fit, first things first. `extends` begins with the nearest."""
    yield from _levels(pack, extends)
    yield from _names(pack, extends)
    yield from _figures(pack, extends)
    there = layers()
    for number, rule in enumerate(pack.rule):
        for place, sentence in _Fitting(rule, pack, extends, there).mistakes():
            yield ("rule", number, *place), sentence


def _levels(pack: Pack, extends: Sequence[Pack]) -> Iterator[Mistake]:
    if extends and LEVELS.index(pack.pack.level) < LEVELS.index(extends[0].pack.level):
        yield (
            ("pack", "level"),
            f"a pack cannot be shallower than {extends[0].pack.id}, which it extends"
            f" ({extends[0].pack.level})",
        )


def _names(pack: Pack, extends: Sequence[Pack]) -> Iterator[Mistake]:
    """A name means one thing in a pack and in those that it extends."""
    for other in extends:
        for what in ("class_system", "figure", "rule"):
            taken = {part.id for part in getattr(other, what)}
            for number, part in enumerate(getattr(pack, what)):
                if part.id in taken:
                    yield (
                        (what, number, "id"),
                        f"{what} {part.id!r} stands in {other.pack.id} already",
                    )


def _figures(pack: Pack, extends: Sequence[Pack]) -> Iterator[Mistake]:
    there = {figure.id for other in extends for figure in other.figure}
    for name in pack.figures:
        if name not in there:
            yield ("figures", name), f"no pack that this one extends has a figure {name!r}"
    state = pack.pack.state
    if state is None:
        return
    profiles = [p for other in (pack, *extends) for p in other.profile if p.state == state]
    if not profiles:
        yield ("pack", "state"), f"there is no profile of {state}"
        return
    for name, value in pack.figures.items():
        told = getattr(profiles[0], name, None)
        if isinstance(told, float) and told != value:
            yield ("figures", name), f"the profile of {state} says {told}, not {value}"


class _Fitting:
    """One rule, against the layers, classes and figures that there are."""

    def __init__(
        self, rule: Rule, pack: Pack, extends: Sequence[Pack], there: Mapping[str, Layer]
    ) -> None:
        self.rule, self.pack, self.extends, self.there = rule, pack, extends, there
        self.packs = (pack, *extends)

    def mistakes(self) -> Iterator[Mistake]:
        """Where, and what. Columns are asked for only once every layer is known."""
        unknown = list(self._layers())
        yield from unknown
        if unknown:
            return
        yield from self._classes()
        yield from self._columns()
        yield from self._figures()
        yield from self._replaces()

    # ------------------------------------------------------------------ layers

    def _layers(self) -> Iterator[Mistake]:
        rule = self.rule
        named: list[tuple[tuple[str | int, ...], str]] = [
            (("subjects", number), layer) for number, layer in enumerate(rule.subjects)
        ]
        if rule.counterpart is not None:
            named.append((("counterpart",), rule.counterpart))
        if rule.location is not None:
            named.append((("location", "layer"), rule.location.layer))
        for place, layer_id in named:
            layer = self.there.get(layer_id)
            if layer is None:
                yield place, f"there is no layer {layer_id!r}"
            elif layer.geometry == "none" and rule.kind != "attribute":
                yield place, f"layer {layer_id!r} has no geometry to measure"
            else:
                yield from self._secrecy(place, layer)

    def _secrecy(self, place: tuple[str | int, ...], layer: Layer) -> Iterator[Mistake]:
        """Nothing that is found tells who may not know it where something secret lies."""
        rule = self.rule
        same_layer = rule.subjects == (rule.counterpart_layer,)
        if layer.secret and place[0] == "subjects" and not (same_layer or rule.location):
            yield (
                place,
                f"layer {layer.id!r} is secret: it is judged only against itself or by location",
            )
        elif layer.secret and place[0] == "counterpart" and layer.id != MAINS and not same_layer:
            yield place, f"layer {layer.id!r} is secret: others cannot be judged against it"
        elif layer.secret and place[0] == "location":
            yield place, f"layer {layer.id!r} is secret: it cannot be counted"
        elif rule.on_mains and layer.id != MAINS and MAINS in self.there:
            probing = probers(layer, self.there[MAINS])
            if probing:
                yield (
                    place,
                    f"layer {layer.id!r} cannot be judged against mains: {', '.join(probing)} may"
                    " import it and read findings, and so find out where mains are",
                )

    # ------------------------------------------------------------------ classes

    def _classes(self) -> Iterator[Mistake]:
        rule = self.rule
        systems = {s.id: s for p in self.packs for s in p.class_system}
        if rule.classes is not None and rule.classes not in systems:
            yield ("classes",), f"there is no class system {rule.classes!r}"
            return
        if not rule.on_mains:
            return
        wanted = rule.classes or self.packs[-1].class_system[0].id
        known = [c.id for c in systems[wanted].class_]
        told = f"class system {wanted} has {', '.join(known)}"
        places: list[tuple[tuple[str | int, ...], tuple[str, ...] | None]] = [
            (("row", number, "class"), row.class_) for number, row in enumerate(rule.row)
        ]
        if rule.main is not None:
            places.append((("main", "class"), rule.main.class_))
        places += [
            (("relaxation", number, "class"), one.class_)
            for number, one in enumerate(rule.relaxation)
        ]
        for place, classes in places:
            for class_ in classes or ():
                if class_ not in known:
                    yield place, f"there is no class {class_!r}; {told}"
        yield from self._relaxations()

    def _relaxations(self) -> Iterator[Mistake]:
        """A relaxation is about rows there are, and asks for less than they do."""
        shared = self.rule.main.class_ if self.rule.main is not None else None
        for number, one in enumerate(self.rule.relaxation):
            about = [
                row
                for row in self.rule.row
                if not one.class_
                or not (row.class_ or shared)
                or set(one.class_) & set(row.class_ or shared or ())
            ]
            if not about:
                yield ("relaxation", number, "class"), "no row is about these classes"
            limits = [row.largest_m for row in about]
            if about and all(limit is not None and limit <= one.limit_m for limit in limits):
                yield (
                    ("relaxation", number, "limit_m"),
                    f"{one.limit_m} m relaxes nothing: no row of these classes asks for more",
                )

    # ------------------------------------------------------------------ columns

    def _columns(self) -> Iterator[Mistake]:
        rule = self.rule
        counterpart = rule.counterpart_layer
        for subject in rule.subjects:
            for number, condition in enumerate(rule.where):
                yield from self._condition(("where", number), subject, condition)
            if rule.kind == "activity":
                yield from self._column(("subjects",), subject, "method", ("text",))
            if rule.plane == "vertical":
                yield from self._column(("plane",), subject, "depth_top_m", NUMBERS)
            if rule.measured is not None and rule.measured.to == "outer_edge":
                yield from self._column(("measured", "to"), subject, "od_mm", NUMBERS)
            if (
                rule.measured is not None
                and rule.measured.to in ("foundation", "outer_wall")
                and self.there[subject].geometry == "line"
            ):
                yield ("measured", "to"), f"layer {subject!r} has lines: no {rule.measured.to}"
            if rule.people is not None:
                yield from self._column(("people", "column"), subject, rule.people.column, NUMBERS)
        if counterpart is not None:
            for number, condition in enumerate(rule.counterpart_where):
                yield from self._condition(("counterpart_where", number), counterpart, condition)
        if rule.location is not None:
            if rule.location.units is not None:
                place = ("location", "units")
                yield from self._column(place, rule.location.layer, rule.location.units, NUMBERS)
            yield from self._column(("location",), MAINS, "area_class", ("text",))
        if rule.main is not None:
            yield from self._main(("main",), rule.main)
        for number, row in enumerate(rule.row):
            yield from self._main(("row", number), row)

    def _main(self, place: tuple[str | int, ...], main: MainConditions) -> Iterator[Mistake]:
        for key, named in (
            ("material", main.material),
            ("network", main.network),
            ("area_class", main.area_class),
        ):
            if named is None:
                continue
            yield from self._column((*place, key), MAINS, key, ("text",))
            column = self._find(MAINS, key)
            if column is not None:
                yield from self._choices((*place, key), MAINS, column, named)

    def _condition(
        self, place: tuple[str | int, ...], layer: str, condition: Condition
    ) -> Iterator[Mistake]:
        at = (*place, "column")
        column = self._find(layer, condition.column)
        texts, key = (condition.is_, "is") if condition.is_ else (condition.not_, "not")
        if texts is not None:
            yield from self._column(at, layer, condition.column, ("text", "boolean"))
            if column is not None:
                yield from self._choices((*place, key), layer, column, texts)
            return
        yield from self._column(at, layer, condition.column, NUMBERS)
        if condition.per is not None:
            yield from self._column((*place, "per"), layer, condition.per, NUMBERS)
        if condition.estimate is not None:
            at = (*place, "estimate", "column")
            yield from self._column(at, layer, condition.estimate.column, NUMBERS)

    def _choices(
        self, place: tuple[str | int, ...], layer: str, column: Column, texts: Sequence[str]
    ) -> Iterator[Mistake]:
        """What a column never holds cannot be asked for."""
        known = ("true", "false") if column.type == "boolean" else tuple(column.choices or ())
        for text in texts:
            if known and text not in known:
                yield place, f"column {layer}.{column.name} is never {text!r}: {', '.join(known)}"

    def _find(self, layer: str, name: str) -> Column | None:
        return next((c for c in self.there[layer].all_columns if c.name == name), None)

    def _column(
        self, place: tuple[str | int, ...], layer: str, name: str, types: Sequence[str]
    ) -> Iterator[Mistake]:
        column = self._find(layer, name)
        if column is None:
            yield place, f"layer {layer!r} has no column {name!r}"
        elif column.type not in types:
            yield place, f"column {layer}.{name} is {column.type}, not {' or '.join(types)}"

    # ------------------------------------------------------------------ figures, replaced rules

    def _figures(self) -> Iterator[Mistake]:
        units = {f.id: f.unit for p in self.packs for f in p.figure}
        wanted: list[tuple[tuple[str | int, ...], str]] = []
        for key, conditions in (
            ("where", self.rule.where),
            ("counterpart_where", self.rule.counterpart_where),
        ):
            for number, condition in enumerate(conditions):
                if condition.figure is not None:
                    test = next(c for c in COMPARISONS if condition.tests[c] is not None)
                    wanted.append(((key, number, test), condition.figure))
        if self.rule.people is not None:
            wanted.append((("people", "figure"), self.rule.people.figure))
        for number, row in enumerate(self.rule.row):
            if row.limit is not None:
                at: tuple[str | int, ...] = ("row", number, "limit")
                name = row.limit[1:]
                wanted.append((at, name))
                if units.get(name, "m") != "m":
                    yield at, f"figure {name!r} is in {units[name]}, a distance is in m"
        for place, name in wanted:
            if name not in units:
                yield place, f"there is no figure {name!r} in this pack or those it extends"

    def _replaces(self) -> Iterator[Mistake]:
        for number, name in enumerate(self.rule.replaces):
            place = ("replaces", number)
            owner = next((p for p in self.extends if name in {r.id for r in p.rule}), None)
            if owner is None:
                yield place, f"no pack that this one extends has a rule {name!r}"
            elif LEVELS.index(self.pack.pack.level) <= LEVELS.index(owner.pack.level):
                yield (
                    place,
                    f"only a deeper pack replaces a rule: {owner.pack.id} is of level"
                    f" {owner.pack.level}, this one of {self.pack.pack.level}",
                )


def probers(layer: Layer, mains: Layer) -> list[str]:
    """Roles that may bring this layer and see findings, but not the mains themselves.

    Judged against mains, what they bring would be a probe: its grade tells how near a main is.
    Administrators read no finding.
    """
    return [r for r in layer.importers if r not in mains.readers and r not in ADMINISTRATORS]
