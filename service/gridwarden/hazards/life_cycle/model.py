"""The transition table as values: which act leads from where to where, who may, what it needs.

Source: 排查 登记 评估 交办 整改 复查 销号 回头看 with their loops (退回 延期 升级 暂缓 无效).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, Final

RESPONSIBLE: Final = "responsible"
"""In `who`: an account of the organisation that the case is assigned to."""
SCREEN: Final = "screen"
"""In `who`: the screening itself."""
ORGANISATIONS: Final = ("utility", "contractor")
"""Roles whose accounts belong to an organisation: gas, property and building companies."""
SAME: Final = "same"
_LISTS: Final = ("from", "who", "sets", "must", "needs", "starts", "apart_from")


@dataclass(frozen=True, slots=True)
class Act:
    """One row of the table. `origins` empty: the row with which a case begins."""

    name: str
    origins: tuple[str, ...]
    to: str
    who: tuple[str, ...]
    sets: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    apart_from: tuple[str, ...] = ()
    own: bool = False
    undo: bool = False

    def leads_to(self, state: str) -> str:
        """The state after the act, from this one."""
        return state if self.to == SAME else self.to

    @property
    def by_people(self) -> bool:
        """Whether anybody but the screening may do it to a case that is there."""
        return bool(self.origins) and self.who != (SCREEN,)

    def may(self, role: str, *, responsible: bool) -> bool:
        """Whether an account of this role may; `responsible`: it is of the case's organisation."""
        return role in self.who or (responsible and RESPONSIBLE in self.who)


@dataclass(frozen=True)
class LifeCycle:
    """The whole table, in the order of the file."""

    states: tuple[str, ...]
    first: str
    final: tuple[str, ...]
    acts: tuple[Act, ...]

    @cached_property
    def rows(self) -> Mapping[tuple[str, str], Act]:
        """By state and act's name. Raises ValueError where two rows say the same."""
        found: dict[tuple[str, str], Act] = {}
        for act in self.acts:
            for state in act.origins or ("",):
                if (state, act.name) in found:
                    raise ValueError(f"two rows for {act.name} from {state or 'nothing'}")
                found[state, act.name] = act
        return found

    def act(self, state: str, name: str) -> Act | None:
        """The row of an act in a state; None where there is none."""
        return self.rows.get((state, name))

    def acts_from(self, state: str) -> tuple[Act, ...]:
        """What people can do to a case in this state."""
        return tuple(a for (origin, _), a in self.rows.items() if origin == state and a.by_people)

    def legal(self, state: str, role: str, *, responsible: bool = False) -> tuple[Act, ...]:
        """What an account of this role may do to a case in this state."""
        return tuple(a for a in self.acts_from(state) if a.may(role, responsible=responsible))


def read(text: str) -> LifeCycle:
    """The table of a TOML text. Raises ValueError for what is no table (checking.py says more)."""
    told = tomllib.loads(text)
    acts = tuple(_act(one) for one in told["act"])
    cycle = LifeCycle(tuple(told["states"]), told["first"], tuple(told["final"]), acts)
    assert cycle.rows
    return cycle


def _act(told: Mapping[str, Any]) -> Act:
    unknown = set(told) - {"name", "to", "own", "undo", *_LISTS}
    if unknown:
        raise ValueError(f"{told.get('name')}: unknown {', '.join(sorted(unknown))}")
    lists = {name: tuple(map(str, told.get(name, ()))) for name in _LISTS}
    return Act(
        name=told["name"],
        origins=lists["from"],
        to=told["to"],
        who=lists["who"],
        sets=lists["sets"],
        must=lists["must"],
        needs=lists["needs"],
        starts=lists["starts"],
        apart_from=lists["apart_from"],
        own=bool(told.get("own", False)),
        undo=bool(told.get("undo", False)),
    )


LIFE_CYCLE: Final = read(files(__package__).joinpath("life_cycle.toml").read_text(encoding="utf-8"))
"""The table of this program."""
