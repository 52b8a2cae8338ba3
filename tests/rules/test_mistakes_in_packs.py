"""Mistakes in packs and in files: each is refused with its file, its line and words."""

from pathlib import Path

import pytest

from gridwarden.rules import BadPackError, load

from .examples import BASE, OVERLAY, RULES, write

FILES = {"pack": "tiny/pack.toml", "deeper": "deeper.toml"}
MISTAKES = [
    ("pack", "over_mpa = 0.01, upto", "over_mpa = 0.02, upto", 17, "B does not begin where A ends"),
    (
        "pack",
        "over_mpa = 0.01, upto_mpa = 4.0",
        "over_mpa = 0.01, upto_mpa = 0.01",
        17,
        "over_mpa must be less than upto_mpa",
    ),
    ("pack", '{ id = "B"', '{ id = "A"', 17, "class 'A' stands twice"),
    ("pack", "point_radius_m = 3.0\n", "", 1, "a base pack (one without extends) gives"),
    (
        "pack",
        'level = "nation"',
        'level = "city"',
        6,
        "a base pack (one without extends) is of level",
    ),
    ("pack", 'level = "nation"', 'level = "world"', 6, "must be 'nation', 'province', 'city' or"),
    (
        "pack",
        "valid_from = 2026-01-01",
        "valid_from = soon",
        7,
        "not TOML: Invalid value (at line 7, column 14)",
    ),
    ("pack", 'dn = { "100" = 114.3 }', "", 20, "give either same_as_dn = true or a table dn"),
    ("pack", 'dn = { "100" = 114.3 }', 'dn = { "100" = 0 }', 22, "must be more than 0, not 0"),
    ("pack", 'id = "least_m2"', 'id = "spacing_m"', 32, "figure 'spacing_m' stands twice"),
    (
        "pack",
        "[[profile]]",
        "[figures]\nspacing_m = 1\n[[profile]]",
        39,
        "[figures] sets figures of other packs; a base",
    ),
    (
        "pack",
        'state = "CA"',
        'state = "California"',
        40,
        "'California' is not written as it should be",
    ),
    ("deeper", 'extends = "tiny"', 'extends = "nowhere"', 8, "there is no pack 'nowhere'"),
    ("deeper", 'extends = "tiny"', 'extends = "deeper"', 8, "a pack cannot extend itself"),
    ("deeper", 'extends = "tiny"', "", 1, "a pack has a class_system, or extends a pack"),
    (
        "deeper",
        'extends = "tiny"',
        'extends = "tiny"\npoint_radius_m = 3.0',
        9,
        "point_radius_m belongs to the base pack alone",
    ),
    ("deeper", "spacing_m = 6.0", 'spacing_m = "6"', 12, "must be a number, not '6'"),
    ("deeper", "spacing_m = 6.0", "gap_m = 6.0", 12, "no pack that this one extends has a figure"),
    (
        "deeper",
        'replaces = ["band"]',
        'replaces = ["bond"]',
        19,
        "no pack that this one extends has a rule 'bond'",
    ),
    (
        "deeper",
        'level = "city"',
        'level = "nation"',
        19,
        "only a deeper pack replaces a rule: tiny is of",
    ),
    ("deeper", 'id = "band-here"', 'id = "band"', 15, "rule 'band' stands in tiny already"),
    ("deeper", 'state = "CA"', 'state = "NV"', 9, "there is no profile of NV"),
    (
        "deeper",
        'kind = "protection"\nsubjects = ["buildings"]',
        'kind = "absence"\nsubjects = ["buildings"]',
        14,
        "kind absence needs a counterpart, and not the",
    ),
]


@pytest.mark.parametrize(("where", "old", "new", "line", "words"), MISTAKES)
def test_a_mistake_in_a_pack_is_told_with_its_line(
    tmp_path: Path, where: str, old: str, new: str, line: int, words: str
) -> None:
    pack = write(tmp_path, **{where: (old, new)})
    with pytest.raises(BadPackError) as refused:
        load(pack)
    assert (refused.value.file, refused.value.line) == (FILES[where], line)
    assert words in refused.value.reason


def test_a_figure_agrees_with_the_profile_of_its_state(tmp_path: Path) -> None:
    pack = write(
        tmp_path,
        pack=('id = "spacing_m"', 'id = "tolerance_zone_m"'),
        deeper=("spacing_m = 6.0", "tolerance_zone_m = 0.5"),
        rules=("@spacing_m", "@tolerance_zone_m"),
    )
    with pytest.raises(BadPackError) as refused:
        load(pack)
    assert str(refused.value) == (
        "deeper.toml:12: figures, tolerance_zone_m: the profile of CA says 0.6096, not 0.5"
    )


def test_an_overlay_reaches_through_the_pack_between(tmp_path: Path) -> None:
    pack = write(tmp_path).parent / "project.toml"
    text = OVERLAY.replace('extends = "tiny"', 'extends = "deeper"')
    text = text.replace('id = "deeper"', 'id = "project"').replace('"band-here"', '"band-there"')
    text = text.replace('level = "city"', 'level = "project"')
    pack.write_text(text.replace('replaces = ["band"]', 'replaces = ["band", "band-here"]'))
    loaded = load(pack)
    assert [p.pack.id for p in loaded.extends] == ["deeper", "tiny"]
    assert loaded.system(loaded.pack.rule[0]).id == "two"
    pack.write_text(text.replace('level = "project"', 'level = "province"'))
    with pytest.raises(BadPackError, match=r"project\.toml:6: .* shallower than deeper"):
        load(pack)


def test_packs_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    for one, other in (("one", "two"), ("two", "one")):
        text = OVERLAY.replace('"deeper"', f'"{one}"').replace('"tiny"', f'"{other}"')
        (tmp_path / f"{one}.toml").write_text(text)
    with pytest.raises(BadPackError, match=r"two\.toml:8: .*one and this pack extend each other"):
        load(tmp_path / "one.toml")


def test_a_pack_is_called_as_its_file(tmp_path: Path) -> None:
    pack = write(tmp_path, deeper=('extends = "tiny"', 'extends = "small"'))
    (tmp_path / "tiny").rename(tmp_path / "small")
    with pytest.raises(BadPackError, match=r"deeper\.toml:8: .*holds the pack 'tiny'"):
        load(pack)


def test_a_mistake_in_the_pack_that_is_extended_is_told_in_its_own_file(tmp_path: Path) -> None:
    pack = write(tmp_path, deeper=("", ""), rules=("limit_m = 0.7", "limit_m = -1"))
    with pytest.raises(BadPackError, match=r"^tiny/rules\.toml:37: "):
        load(pack)


def test_a_folder_needs_its_head(tmp_path: Path) -> None:
    (tmp_path / "headless").mkdir()
    (tmp_path / "headless" / "rules.toml").write_text(RULES)
    with pytest.raises(BadPackError, match=r"^headless: a pack in a folder needs a pack\.toml"):
        load(tmp_path / "headless")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    pack = write(tmp_path)
    (pack / "rules.toml").write_bytes(RULES.encode("gbk"))
    with pytest.raises(BadPackError, match=r"^tiny/rules\.toml: the file is not UTF-8"):
        load(pack)


def test_one_file_may_hold_it_all(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(BASE + RULES, encoding="utf-8")
    assert load(tmp_path / "tiny.toml").pack == load(write(tmp_path)).pack


OVERLAPS = [
    ("dn_over = 100.0\ndn_upto = 200.0", "dn_over = 150.0", True),
    ("dn_upto = 200.0", "dn_over = 200.0", False),
    ("wall_under_mm = 9.5", "wall_min_mm = 9.5", False),
    ("wall_under_mm = 9.5", "dn_over = 200.0", True),
    ('area_class = ["1", "2"]', 'area_class = ["3"]', False),
    ('area_class = ["1", "2"]', 'area_class = ["2", "3"]', True),
    ('network = ["city"]', 'network = ["yard"]', False),
    ('network = ["city"]', "", True),
]


@pytest.mark.parametrize(("one", "other", "both"), OVERLAPS)
def test_two_rows_about_one_main_are_refused(
    tmp_path: Path, one: str, other: str, both: bool
) -> None:
    """Which of them holds would be nobody's choice."""
    row = '[[rule.row]]\nclass = "A"\nlimit_m = {}\nseverity = "general"\n{}\n'
    rows = row.format(0.7, one) + row.format(0.9, other)
    old = '[[rule.row]]\nclass = "A"\nlimit_m = 0.7\nseverity = "general"\n'
    pack = write(tmp_path, rules=(old, rows))
    if both:
        with pytest.raises(BadPackError, match=r"gap, row 2: row 1 is about the same class A"):
            load(pack)
    else:
        assert len(load(pack).pack.rule[1].row) == 3
