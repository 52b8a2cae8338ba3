"""The registers that an office keeps by hand: water, fuels, stations, inspections, petitions.

Every estate has its rows. Most are as they should be; each house rule that waits for no limit of
the office finds some. People and telephone numbers are made up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely

from gridwarden.sample.files import Dataset
from gridwarden.sample.plan import Plan

Row = dict[str, Any]
Dice = np.random.Generator
AROUND_M = 18.0
"""How far from the middle of its estate a row may stand, metres."""
FAMILY_NAMES = ("陈", "李", "王", "张", "刘", "周", "吴", "郑")


def datasets(plan: Plan, estates: Dataset, day: date) -> list[Dataset]:
    """One dataset for each register, from the estates of the city."""
    count = estates.rows
    companies = list(dict.fromkeys(estates.columns["property_company"]))
    wanted: tuple[tuple[str, str, int, Callable[..., Row]], ...] = (
        ("building_water_systems", "SX", 2 * count, _water),
        ("liquid_fuel_users", "YT", max(24, count), _fuel),
        ("gas_supply_stations", "RQ", max(5, count // 20), _station),
        ("indoor_gas_inspections", "AJ", count, _inspection),
        ("property_companies", "WY", len(companies), _company),
        ("petitions", "XF", max(12, count // 3), _petition),
    )
    return [
        _dataset(plan, estates, day, layer, letters, rows, made)
        for layer, letters, rows, made in wanted
    ]


def _dataset(
    plan: Plan, estates: Dataset, day: date, layer: str, letters: str, count: int,
    made: Callable[..., Row],
) -> Dataset:  # fmt: skip
    dice = plan.dice(layer)
    assert estates.shapes is not None
    of = np.arange(count) % estates.rows
    if made is _company:
        names = estates.columns["property_company"]
        of = np.array([names.index(one) for one in dict.fromkeys(names)])
    middle = shapely.get_coordinates(shapely.point_on_surface(estates.shapes[of]))
    places = shapely.points(np.round(middle + dice.uniform(-1, 1, middle.shape) * AROUND_M, 3))
    near = [{name: cells[at] for name, cells in estates.columns.items()} for at in of.tolist()]
    rows = [made(dice, at, one, day) for at, one in enumerate(near)]
    codes = [f"{letters}-{at:05d}" for at in range(count)]
    columns: dict[str, list[Any]] = {
        "source_id": codes,
        "code": codes,
        **{name: [row[name] for row in rows] for name in rows[0]},
        "accuracy_m": [10.0] * count,
        "source_date": [(day - timedelta(days=12)).isoformat()] * count,
    }
    return Dataset(layer.replace("_", "-"), layer, f"{layer}.csv", np.asarray(places), columns)


def _person(dice: Dice) -> str:
    return f"{FAMILY_NAMES[int(dice.integers(len(FAMILY_NAMES)))]}某"


def _phone(dice: Dice) -> str:
    """Nobody's: seven of its digits are always the same."""
    return f"1990000{int(dice.integers(10_000)):04d}"


def _ago(dice: Dice, day: date, most: int) -> str:
    return (day - timedelta(days=int(dice.integers(1, most)))).isoformat()


def _water(dice: Dice, at: int, estate: Row, day: date) -> Row:
    luck = float(dice.random())
    state = next(
        state
        for share, state in (
            (0.80, "ok"), (0.88, "fault"), (0.93, "under_repair"), (0.99, "paralysed"), (1, "none"),
        )
        if luck < share
    )  # fmt: skip
    sound = state == "ok"
    plan = "" if sound else str(dice.choice(["repair", "renewal", "none"]))
    paid = plan in ("repair", "renewal")
    return {
        "name": f"{estate['name']}{'消防水泵房' if at % 2 else '室内消火栓'}",
        "estate": estate["name"],
        "kind": "pump_room" if at % 2 else "indoor_hydrants",
        "state": state,
        "defects": None if sound else str(dice.choice(["水泵不启动", "管网漏水", "末端无水压"])),
        "plan": plan or None,
        "planned_until": (day + timedelta(days=int(dice.integers(20, 200)))).isoformat()
        if paid else None,
        "money_cny": float(dice.integers(2, 60) * 5000) if paid else None,
        "money_from": str(dice.choice(["维修资金", "财政补助"])) if paid else None,
        "tested_on": _ago(dice, day, 300),
        "keeper": estate["property_company"],
    }  # fmt: skip


def _fuel(dice: Dice, at: int, estate: Row, day: date) -> Row:
    kind = "transporter" if at % 14 == 13 else "restaurant"
    fuel = str(dice.choice(["lpg", "alcohol", "oil"], p=[0.6, 0.3, 0.1]))
    return {
        "name": f"{estate['name']}{at + 1}号餐馆"
        if kind == "restaurant"
        else f"样例燃料配送{at + 1}",
        "kind": kind,
        "fuel": fuel,
        "in_use": bool(dice.random() < 0.95),
        "licensed": bool(dice.random() < 0.8),
        "alarm": bool(dice.random() < 0.85) if fuel == "lpg" else None,
        "stored_kg": float(dice.integers(1, 8) * 15),
        "surveyed_on": _ago(dice, day, 80),
        "address": f"{estate['name']}旁",
        "in_charge": _person(dice),
        "phone": _phone(dice),
    }


def _station(dice: Dice, at: int, estate: Row, day: date) -> Row:
    return {
        "name": f"样例{at + 1}号供应站",
        "kind": ("lpg_shop", "vehicle_filling", "lpg_filling", "gate_station")[at % 4],
        "operator": "样例燃气经营公司",
        "licence": "expired" if at % 5 == 4 else "valid",
        "inspected_on": _ago(dice, day, 160),
        "open_defects": int(dice.integers(0, 5)),
        "address": f"{estate['name']}附近",
        "duty_phone": _phone(dice),
    }


def _inspection(dice: Dice, at: int, estate: Row, day: date) -> Row:
    homes = int(estate["households"])
    visited = int(homes * dice.uniform(0.6, 0.98))
    found = int(visited * dice.uniform(0, 0.05))
    refused = int((homes - visited) * 0.2)
    return {
        "name": f"{estate['name']}年度安检",
        "estate": estate["name"],
        "operator": "样例燃气经营公司",
        "starts_on": (day - timedelta(days=200)).isoformat(),
        "ends_on": (day - timedelta(days=20)).isoformat(),
        "households": homes,
        "visited": visited,
        "no_access": homes - visited - refused,
        "refused": refused,
        "found": found,
        "left_open": int(found * dice.uniform(0, 0.6)) if dice.random() < 0.3 else 0,
        "inspector": _person(dice),
        "phone": _phone(dice),
    }


def _company(dice: Dice, at: int, estate: Row, day: date) -> Row:
    score = round(float(dice.uniform(55, 98)), 1)
    return {
        "name": estate["property_company"],
        "estate": estate["name"],
        "estates_n": int(dice.integers(1, 12)),
        "households": int(dice.integers(800, 20_000)),
        "score": score,
        "credit_grade": "abcd"[3 - min(3, int((score - 55) // 12))],
        "fire_trained": bool(dice.random() < 0.8),
        "fines_cny": float(dice.integers(0, 4) * 5000),
        "duty_phone": _phone(dice),
        "manager": _person(dice),
        "phone": _phone(dice),
    }


def _petition(dice: Dice, at: int, estate: Row, day: date) -> Row:
    age = int(dice.integers(3, 260))
    stages = ("received", "accepted", "in_progress", "answered", "review", "ended")
    matters = ("property_management", "certificate", "unfinished_estate", "expropriation", "safety")
    return {
        "name": f"{estate['name']}信访事项{at + 1}",
        "matter": str(dice.choice(matters)),
        "stage": str(dice.choice(stages)),
        "received_on": (day - timedelta(days=12 + age)).isoformat(),
        "age_days": age,
        "repeats": int(dice.choice([0, 0, 0, 1, 2, 5])),
        "people": int(dice.integers(1, 40)),
        "planned": bool(dice.random() < 0.75),
        "department": "样例区住房和建设局",
        "estate": estate["name"],
        "petitioner": _person(dice),
        "phone": _phone(dice),
        "home": f"{estate['name']}{int(dice.integers(1, 20))}号楼",
    }
