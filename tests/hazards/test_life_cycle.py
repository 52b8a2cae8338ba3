"""One table says what may be done to a case: it is sound, held by the database, shown in docs."""

from dataclasses import replace
from importlib.resources import files

import pytest

from conftest import owner
from gridwarden.hazards.life_cycle import LIFE_CYCLE, Act, LifeCycle, read
from gridwarden.hazards.life_cycle.checking import faults
from gridwarden.hazards.life_cycle.drawing import drawn
from gridwarden.hazards.life_cycle.keeping import rows
from gridwarden.settings import Settings
from gridwarden.words import LANGUAGES, known, say
from hazards.pictures import DOCS

JUGGLE = Act("juggle", ("found",), "same", ("warden",))


def test_the_table_is_sound() -> None:
    assert faults(LIFE_CYCLE, known) == []


def without(name: str) -> LifeCycle:
    """The table without an act."""
    return replace(LIFE_CYCLE, acts=tuple(a for a in LIFE_CYCLE.acts if a.name != name))


def changed(name: str, **values: object) -> LifeCycle:
    """The table with another row of an act that has one."""
    acts = tuple(
        replace(a, **values) if a.name == name else a  # type: ignore[arg-type]
        for a in LIFE_CYCLE.acts
    )
    return replace(LIFE_CYCLE, acts=acts)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (without("register"), "registered: no way leads there"),
        (without("resume"), "deferred: a dead end"),
        (without("look_back"), "looked_back: no way leads there"),
        (changed("close", who=("responsible",)), "close: the responsible organisation may close"),
        (changed("close", apart_from=()), "close: who rectified may close"),
        (changed("defer", to="nowhere"), "defer: no state is called nowhere"),
        (changed("assess", sets=("colour",)), "assess: no column is called colour"),
        (changed("plan", who=("mayor",)), "plan: no who is called mayor"),
        (changed("plan", needs=("luck",)), "plan: no need is called luck"),
        (changed("plan", who=()), "plan: nobody may do it"),
        (
            replace(LIFE_CYCLE, acts=(*LIFE_CYCLE.acts, JUGGLE)),
            "no words: hazards.act.juggle",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(broken: LifeCycle, said: str) -> None:
    assert said in faults(broken, known)


def test_what_only_the_screening_ends_is_a_dead_end() -> None:
    """A case whose rule goes on finding it would stay there."""
    alone = tuple(
        replace(a, who=("screen",)) if "awaiting_verification" in a.origins else a
        for a in LIFE_CYCLE.acts
    )
    assert "awaiting_verification: a dead end" in faults(replace(LIFE_CYCLE, acts=alone), known)


def test_two_rows_for_one_act_in_one_state_are_refused() -> None:
    text = 'states = ["a"]\nfirst = "a"\nfinal = ["a"]\n'
    row = '[[act]]\nname = "go"\nfrom = ["a"]\nto = "a"\nwho = ["warden"]\n'
    with pytest.raises(ValueError, match="two rows for go from a"):
        read(text + row + row)
    with pytest.raises(ValueError, match="unknown colour"):
        read(text + row + 'colour = "red"\n')


def test_the_database_holds_the_table_of_the_file(module_city: Settings) -> None:
    with owner(module_city) as c:
        kept = c.execute("select to_jsonb(t) from data.hazard_transition t").fetchall()

    def key(row: dict[str, object]) -> tuple[str, str]:
        return str(row["state"]), str(row["act"])

    assert sorted((one[0] for one in kept), key=key) == sorted(rows(), key=key)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_picture_in_the_documents_is_that_of_the_table(lang: str) -> None:
    """`python -m gridwarden.hazards.life_cycle.drawing docs` draws it anew."""
    assert (DOCS / f"hazards.{lang}.svg").read_text("utf-8") == drawn(LIFE_CYCLE, lang)


def test_the_picture_shows_every_state_and_every_act_that_leads_on() -> None:
    for lang in LANGUAGES:
        picture = drawn(LIFE_CYCLE, lang)
        for state in LIFE_CYCLE.states:
            assert f">{say(f'hazards.state.{state}', lang)}<" in picture
        for act in LIFE_CYCLE.acts:
            if any(act.leads_to(origin) != origin for origin in act.origins):
                assert say(f"hazards.act.{act.name}", lang) in picture


def test_the_documents_list_every_act_and_who_may() -> None:
    text = (DOCS / "hazards.md").read_text("utf-8")
    for act in LIFE_CYCLE.acts:
        assert f"`{act.name}`" in text, act.name
    assert "hazards.en.svg" in text and files("gridwarden.hazards.life_cycle")
