"""Before the first row: the file opened, its fields mapped, its coordinates understood."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

from gridwarden.geodesy import Reading
from gridwarden.intake.apart import Limits, open_apart
from gridwarden.intake.ask import Ask
from gridwarden.intake.coordinates import Decision, decided
from gridwarden.intake.coordinates.extent import Looked
from gridwarden.intake.coordinates.knowing import Known, claim_of
from gridwarden.intake.formats.batch import Batch, Source
from gridwarden.intake.habits.knowing import Habit, Habits
from gridwarden.intake.mapping import Fields, mapping_of
from gridwarden.intake.outlines import for_layer
from gridwarden.layers.catalogue import Layer
from gridwarden.settings import Settings

UNPACKED_AT_MOST = 4
"""Times the upload limit that an archive may unpack to."""
NAMED = 12
"""How many fields that no column wants are named to the sender."""
LOOKED_AT = 2_000
"""Rows that are read first, to understand the file by."""
FEW = 10


@dataclass(frozen=True)
class Prepared:
    """A file that can be read: its rows, how its fields become columns, and whose coordinates it
    holds (None for a layer without places); not yet, where the decision is a question."""

    source: Source
    fields: Fields
    decision: Decision | None
    ask: Ask
    """What was asked for, with what is remembered of such files."""
    first: Batch | None
    """The first rows."""
    as_last_time: str = ""
    """What is remembered, for people."""

    @property
    def reading(self) -> Reading | None:
        """What the numbers of a shape mean; None for a layer, or a file, without places."""
        return self.decision.reading if self.decision else None


def prepared(
    layer: Layer,
    ask: Ask,
    file: Path,
    name: str,
    room: Path,
    settings: Settings,
    known: Known,
    habits: Habits,
) -> Prepared:
    """Open a file and understand it. Raises Problem."""

    def opened(encoding: str | None) -> Source:
        return open_apart(
            file,
            name,
            Path(tempfile.mkdtemp(dir=room)),
            settings.upload_mb * UNPACKED_AT_MOST << 20,
            limits=Limits.of(settings),
            from_layer=ask.from_layer,
            encoding=encoding,
        )

    source, habit = _recognised(opened, ask, habits)
    source = for_layer(source, layer.geometry)
    habit = habit.fitting(c.name for c in layer.all_columns) if habit else None
    asked = habit.applied(ask) if habit else ask
    remembered = frozenset(asked.mapping) - frozenset(ask.mapping)
    fields = mapping_of(layer, source, asked, ZoneInfo(settings.time_zone), remembered)
    added = habit.added(ask) if habit else ""
    if added:
        source.notes.append(f"as_last_time:{added}")
    batches = source.batches(LOOKED_AT)
    head = first = next(batches, None)
    decision = None
    if layer.geometry != "none" and not (layer.placed_by and _nowhere(source, first)):
        decision = decision_of(source, first, batches, asked, settings, known)
        source.notes += decision.notes
    if first is not None:
        fields = _trusted(fields, asked, source, first)
    if fields.source_id is None:
        source.notes.append("identity_from_content")
    if fields.extra:
        more = "…" if len(fields.extra) > NAMED else ""
        source.notes.append(f"kept_apart:{', '.join(fields.extra[:NAMED])}{more}")
    return Prepared(source, fields, decision, asked, head, added)


def _recognised(
    opened: Callable[[str | None], Source], ask: Ask, habits: Habits
) -> tuple[Source, Habit | None]:
    """The file opened, and what its sender said of such files. Its columns tell the form, and in
    the wrong letters they tell nothing: encodings that the sender named are tried, too."""
    source = opened(ask.encoding)
    habit = habits.of(source)
    tried = {ask.encoding or source.encoding}
    for encoding in habits.encodings if habit is None and ask.encoding is None else ():
        if encoding not in tried:
            again = opened(encoding)
            habit = habits.of(again)
            if habit is not None:
                _close(source)
                return again, habit
            _close(again)
    return source, habit


def _close(source: Source) -> None:
    """End a source that nobody reads: it may be a process of its own."""
    close = getattr(source, "close", None)
    if close is not None:
        close()


def decision_of(
    source: Source,
    first: Batch | None,
    batches: Iterator[Batch],
    ask: Ask,
    settings: Settings,
    known: Known,
) -> Decision:
    """Whose coordinates these are, by the first rows that hold any."""
    heads = () if first is None else (first,)
    shapes = Looked.first_places(batch.shapes for batch in chain(heads, batches))
    # A form does not tell the system: one person brings the files of many. What was answered is
    # remembered by sender and dataset.
    before = known.before.get(claim_of(source))
    return decided(
        source.claim, shapes, ask, settings, known.extent, before=before, fitted=known.fitted
    )


def _nowhere(source: Source, first: Batch | None) -> bool:
    """Whether the file says no positions at all: its rows stand where what they name stands."""
    return not source.places and (first is None or all(one is None for one in first.shapes))


def _trusted(fields: Fields, ask: Ask, source: Source, first: Batch) -> Fields:
    """A field called `id` that says the same of most rows names none of them."""
    name = fields.source_id
    if name is None or "source_id" in ask.mapping:
        return fields
    values = [v for v in first.columns[name] if v is not None]
    if len(values) < FEW or len(set(values)) * 2 > len(values):
        return fields
    source.notes.append(f"id_repeats:{name}")
    used = name in {field for field, _ in fields.converters.values()}
    return replace(fields, source_id=None, extra=fields.extra if used else (*fields.extra, name))
