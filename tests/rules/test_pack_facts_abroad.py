"""The numbers of the packs for long-distance lines, Britain and the United States."""

import pytest

from rules.pack_rows import limits, pack, rule

IN = 0.0254


def test_britain_and_the_states_have_classes_of_their_own() -> None:
    assert [c["upto_mpa"] for c in pack("uk")["classes"][:-1]] == [0.0075, 0.2, 0.7]
    assert [c["upto_mpa"] for c in pack("us")["classes"][:-1]] == [
        pytest.approx(60 * 0.006894757, abs=2e-5)
    ]


def test_transmission_lines_are_measured_from_the_centreline() -> None:
    for one in pack("cn-transmission")["rules"]:
        assert one["measured_from"] == "centreline"
        assert all(r["networks"] == ["transmission"] for r in one["rows"])
        assert {r["limit_m"] for r in one["rows"]} <= {5.0, 50.0, 200.0}
    city = [one for one in pack("cn-city-gas")["rules"] if one["counterpart"] == "gas_pipelines"]
    assert city and all(r["networks"] == ["city", "yard"] for one in city for r in one["rows"])


def test_british_distances() -> None:
    metres = {
        "uk-hand-dig": 0.5,
        "uk-intermediate-pressure": 3.0,
        "uk-high-pressure-machines": 3.0,
        "uk-high-pressure-hand": 1.5,
        "uk-notice-50": 50.0,
        "uk-piling-3": 3.0,
        "uk-piling-15": 15.0,
        "uk-blasting-250": 250.0,
        "uk-site-50": 50.0,
        "uk-tree-6": 6.0,
        "uk-building-3": 3.0,
    }
    for name, asked in metres.items():
        assert {r["limit_m"] for r in rule(name, "uk")["rows"]} == {asked}
    assert limits("uk-crossing", "uk") == {"LP": 0.3, "MP": 0.3, "IP": 0.3, "HP": 0.6}


INCHES = {
    18: "CO MA RI MS TX OH PA AL IL IA WI CT ME",
    24: "CA FL NY NJ NC VA GA IN MN MO NV AZ OR WA UT KS TN ID",
    30: "HI",
    48: "MI",
}
SEEN = {"CO", "MN", "IN", "NY", "KS", "MA", "RI", "CA", "TX", "FL", "MS"}


def test_the_states_of_the_union_by_their_zone() -> None:
    profiles = {p["state"]: p for p in pack("us")["pack"]["profiles"]}
    wanted = {state: inches * IN for inches, states in INCHES.items() for state in states.split()}
    assert set(profiles) == set(wanted)
    for state, profile in profiles.items():
        assert profile["tolerance_zone_m"] == pytest.approx(wanted[state], abs=1e-9), state
        assert (profile["certainty"] == "published") == (state in SEEN), state
    california, colorado, texas = (profiles[s] for s in ("CA", "CO", "TX"))
    assert (california["notice_working_days"], california["notice_at_most_days"]) == (2, 14)
    assert (california["marks_valid_days"], colorado["marks_valid_days"]) == (28, 30)
    assert (texas["notice_working_days"], texas["marks_valid_days"]) == (2, None)
    assert {f["id"]: f["value"] for f in pack("us-ca")["figures"]} == {"tolerance_zone_m": 0.6096}
    assert {f["id"]: f["value"] for f in pack("us")["figures"]}["tolerance_zone_m"] is None
