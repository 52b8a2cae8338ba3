"""Mistakes in rules: each is refused with its file, its line and words that say what to change."""

from pathlib import Path

import pytest

from gridwarden.rules import BadPackError, load

from .examples import write

MISTAKES = [
    ("limit_m = 0.7", "limit_m = -0.7", 37, "must be 0 or more, not -0.7"),
    ("limit_m = 0.7", "limit_m = nan", 37, "must be a finite number, not nan"),
    ("limit_m = 0.7", 'limit_m = "0.7"', 37, "must be a number, not '0.7'"),
    (
        "limit_m = 0.7",
        "limit_m = 0.70000000000000001",
        37,
        "0.70000000000000001 has more than 15 digits: it",
    ),
    ("limit_m = 0.7\n", "", 35, "a row needs its distance: limit_m, limit,"),
    (
        "limit_m = 0.7",
        'limit_m = 0.7\nlimit = "@spacing_m"',
        38,
        "a row has one distance, not limit_m and limit",
    ),
    ("limit_m = 0.7", 'limit = "spacing_m"', 37, 'must name a figure as "@figure-id", not'),
    ("limit_m = 0.7", 'limit = "@nothing"', 37, "there is no figure 'nothing' in this pack or"),
    ('"@spacing_m"', '"@least_m2"', 83, "figure 'least_m2' is in m2, a distance is in m"),
    (
        "limit_m = 0.7",
        "limit_m = 0.7\ndn_over = 300.0\ndn_upto = 150.0",
        38,
        "dn_over must be less than dn_upto",
    ),
    (
        "limit_m = 0.7",
        "limit_m = 0.7\nper_depth = 1.0",
        38,
        "per_depth belongs to kind activity alone",
    ),
    ("limit_m = 0.7", "limit_m = 0.7\nover_m = 0.7", 38, "over_m must be less than limit_m"),
    ("[1.6, 13.5]", "[0.8, 13.5]", 42, "the pressures of interpolate must rise"),
    ("[1.6, 13.5]", "[1.6]", 42, "must be [pressure in MPa, distance in m], not"),
    (
        'class = "A"\nlimit_m',
        'class = "C"\nlimit_m',
        36,
        "there is no class 'C'; class system two has A, B",
    ),
    (
        'class = "B"\ninterpolate',
        'class = "A"\ninterpolate',
        40,
        "row 1 is about the same class A, and which holds is",
    ),
    (
        'class = ["A", "B"], limit_m',
        'class = ["A", "A"], limit_m',
        17,
        "it names the same twice",
    ),
    ('classes = "two"', 'classes = "three"', 25, "there is no class system 'three'"),
    (
        'class = "A"\nlimit_m = 0.7\nseverity = "general"',
        'class = "A"\nlimit_m = 0.7\nseverity = "awful"',
        38,
        "must be 'general', 'serious' or 'major', not",
    ),
    (
        'class = "A"\nlimit_m = 0.7\nseverity = "general"',
        'class = "A"\nlimit_m = 0.7',
        35,
        "kind clearance needs severity in every row",
    ),
    (
        'class = "A"\nlimit_m = 0.7\n',
        'class = "A"\nlimit_m = 0.7\nverdict = "notify"\n',
        38,
        "verdict belongs to kind activity alone",
    ),
    (
        'class = "A"\nlimit_m = 0.7\n',
        'class = "A"\nmethod = "hand"\nlimit_m = 0.7\n',
        37,
        "method belongs to kind activity alone",
    ),
    (
        'class = "A"\nlimit_m = 0.7\n',
        'class = "A"\nmaterial = ["wood"]\nlimit_m = 0.7\n',
        37,
        "column gas_pipelines.material is never 'wood':",
    ),
    (
        'class = "A"\nlimit_m = 0.7\n',
        'class = "A"\narea_class = ["5"]\nlimit_m = 0.7\n',
        37,
        "must be '1', '2', '3' or '4', not '5'",
    ),
    (
        "limit_m = 0.5, severity",
        'network = ["yard"], limit_m = 0.5, severity',
        17,
        "network stands in main, so a row cannot have it",
    ),
    (
        'subjects = ["buildings"]\nmain',
        'subjects = ["castles"]\nmain',
        7,
        "there is no layer 'castles'",
    ),
    (
        'subjects = ["buildings"]\nmain',
        'subjects = ["gas_pipelines", "buildings"]\nmain',
        7,
        "layer 'gas_pipelines' is secret: it is judged",
    ),
    (
        'subjects = ["buildings"]\nmain',
        'subjects = ["organisations"]\nmain',
        7,
        "layer 'organisations' has no geometry to measure",
    ),
    (
        'subjects = ["buildings"]\nmain',
        'subjects = ["roads"]\nmain',
        7,
        "layer 'roads' cannot be judged against mains:",
    ),
    ('subjects = ["buildings"]\nmain', "main", 3, "kind protection needs subjects, one or more"),
    (
        'subjects = ["buildings"]\nmain',
        'subjects = "buildings"\nmain',
        7,
        "must be a list, not 'buildings'",
    ),
    (
        'subjects = ["buildings"]\nmain',
        'subjects = ["buildings", "buildings"]\nmain',
        7,
        "a layer stands twice",
    ),
    ('kind = "clearance"', 'kind = "guess"', 23, "must be 'protection', 'clearance', 'control',"),
    ('kind = "clearance"', 'kind = "control"', 45, "relaxation belongs to kind clearance alone"),
    ("verified = false", 'verified = "no"', 12, "must be true or false, not 'no'"),
    (
        'strength = 20\nclause = "2"',
        'strength = 30\nclause = "2"',
        27,
        "gap must have less strength than band, a",
    ),
    ("strength = 20", "strength = 2.5", 27, "must be a whole number, not 2.5"),
    (
        'strength = 30\nclause = "1"',
        'strength = 30\ncolour = 3\nclause = "1"',
        10,
        "colour is no key here; there are certainty,",
    ),
    (
        'strength = 30\nclause = "1"',
        'strenght = 30\nclause = "1"',
        9,
        "strenght is no key here; did you mean strength?",
    ),
    (
        'clause = "1"\nedition = "Code"',
        'clause = "1"\nedition = ""',
        10,
        "a clause needs the edition that it stands in",
    ),
    (
        'clause = ""\nedition = ""\nverified = false',
        'clause = ""\nedition = ""\nverified = true',
        60,
        "a verified rule names its clause and its edition",
    ),
    ('clause = "1"', "clause = 1", 10, "must be a text, not 1"),
    ('zh = "太近。" }', "}", 33, "not TOML: Invalid initial character for a key"),
    (
        'text = { en = "No water."',
        'measures = { en = ["Look."] }\ntext = { en = "No water."',
        100,
        "measures need as many lines in zh as in en",
    ),
    (
        'certainty = "recalled"',
        'certainty = "sure"',
        50,
        "must be 'print', 'published', 'recalled' or",
    ),
    ('id = "gap"', 'id = "band"', 21, "rule 'band' stands twice"),
    ('id = "gap"', 'id = "The Gap"', 21, "'The Gap' is not written as it should be"),
    ('to = "foundation"', 'to = "roof"', 26, "must be 'foundation', 'outer_wall', 'edge',"),
    ('to = "foundation"', 'to = "outer_edge"', 26, "layer 'buildings' has no column 'od_mm'"),
    (
        "strength = 20\n",
        'strength = 20\nplane = "vertical"\n',
        28,
        "layer 'buildings' has no column 'depth_top_m'",
    ),
    (
        "strength = 20\n",
        "strength = 20\nvalid_from = 2026-01-01\nvalid_to = 2025-01-01\n",
        29,
        "valid_to is before valid_from",
    ),
    (
        "strength = 20\n",
        'strength = 20\nvalid_from = "soon"\n',
        28,
        "must be a day (2026-01-31), not 'soon'",
    ),
    (
        "strength = 20\n",
        'strength = 20\nreplaces = ["band"]\n',
        28,
        "no pack that this one extends has a rule 'band'",
    ),
    (
        "strength = 20\n",
        'strength = 20\npeople = { column = "households", figure = "least_m2" }\n',
        28,
        "people belongs to kind consequence alone",
    ),
    (
        "strength = 20\n",
        'strength = 20\ncounterpart_where = [{ column = "height_m", over = 1 }]\n',
        28,
        "counterpart_where needs a counterpart other",
    ),
    (
        'limit_m = 3.0\nclass = ["B"]',
        'limit_m = 14.0\nclass = ["B"]',
        47,
        "14.0 m relaxes nothing: no row of these classes",
    ),
    (
        'limit_m = 3.0\nclass = ["B"]',
        'limit_m = 3.0\nclass = ["Z"]',
        48,
        "there is no class 'Z'; class system two has A, B",
    ),
    (
        'kind = "activity"',
        'kind = "activity"\nsubjects = ["buildings"]',
        57,
        "layer 'buildings' has no column 'method'",
    ),
    (
        'kind = "activity"',
        'kind = "activity"\ncounterpart = "roads"',
        57,
        "kind activity is about work near mains alone",
    ),
    (
        'limit_m = 0.5, verdict = "prohibited"',
        "limit_m = 0.5",
        65,
        "kind activity needs verdict in every row",
    ),
    ('method = "piling"', 'method = "spade"', 66, "must be 'hand', 'mechanical', 'trenchless',"),
    (
        'column = "height_m", over = 21.0 }',
        'column = "heigth_m", over = 21.0 }',
        75,
        "layer 'buildings' has no column 'heigth_m'",
    ),
    (
        'column = "height_m", over = 21.0 }',
        'column = "use", over = 21.0 }',
        75,
        "column buildings.use is text, not real or",
    ),
    (
        'column = "height_m", over = 21.0 }',
        'column = "height_m" }',
        75,
        "a condition has exactly one of is, not, over,",
    ),
    (
        'column = "height_m", over = 21.0 }',
        'column = "height_m", over = 21.0, upto = 30.0 }',
        75,
        "a condition has exactly one of is, not, over,",
    ),
    (
        'column = "height_m", over = 21.0 }',
        'column = "height_m", over = true }',
        75,
        "must be a number, not true",
    ),
    (
        'column = "height_m", over = 21.0 }',
        'column = "height_m", is = ["21"] }',
        75,
        "column buildings.height_m is real, not text or",
    ),
    ('not = ["ok"]', 'not = ["fine"]', 92, "column buildings.water_system_state is never"),
    ('not = ["ok"]', 'not = ["ok"], per = "storeys"', 92, "per belongs to a comparison of numbers"),
    (
        "possible_from = 19.0",
        "possible_from = 22.0",
        91,
        "an estimate needs possible_from <= over <=",
    ),
    ("certain_over = 23.0 }", 'certain_over = 23.0 }, unknown = "no"', 91, "nothing is recorded"),
    ('not = ["ok"]', 'not = ["ok"], unknown = "yes"', 92, "unknown"),
    (
        'counterpart = "buildings"',
        'counterpart = "buildings"\nclasses = "two"',
        75,
        "classes belongs to rules on mains alone",
    ),
    (
        'row = [{ limit = "@spacing_m", severity = "general" }]',
        'row = [{ limit_m = 6, severity = "major" },\n { limit_m = 9, severity = "general" }]',
        84,
        "a rule that is not about mains has exactly one",
    ),
    (
        'row = [{ limit = "@spacing_m",',
        'row = [{ formula = "pir",',
        83,
        "formula is by a main's pressure",
    ),
    (
        'row = [{ severity = "serious" }]\n\n[[rule]]\nid = "located"',
        'row = [{ limit_m = 1.0, severity = "serious" }]\n\n[[rule]]\nid = "located"',
        101,
        "an attribute has no distance, so no limit_m",
    ),
    (
        'kind = "attribute"',
        'kind = "attribute"\ncounterpart = "roads"',
        89,
        "kind attribute cannot have counterpart",
    ),
    (
        '{ id = "2", upto = 79 }',
        '{ id = "2", upto = 9 }',
        122,
        "the classes of a location must rise",
    ),
    ('{ id = "3" }', '{ id = "3", upto = 99 }', 122, "the last class of a location has no upto"),
    ('units = "households"', 'units = "homes"', 121, "layer 'buildings' has no column 'homes'"),
    (
        'layer = "buildings"\neach',
        'layer = "gas_pipelines"\neach',
        118,
        "layer 'gas_pipelines' is secret: it cannot be",
    ),
    (
        'subjects = ["gas_pipelines"]',
        'subjects = ["roads"]',
        107,
        "a rule with location has subjects =",
    ),
    ('column = "households"', 'column = "name"', 129, "column buildings.name is text, not real or"),
    (
        "# Rules of the tiny pack.\n",
        '[[figure]]\nid = "x"\n',
        1,
        "the other files of a folder hold rules alone",
    ),
    (
        "# Rules of the tiny pack.\n",
        "rule = 3\n#",
        3,
        "not TOML: Cannot overwrite a value (at line 3,",
    ),
    ('id = "hurt"', "id = hurt", 125, "not TOML: Invalid value (at line 125, column 6)"),
    ('row = [{ formula = "pir", severity = "general" }]', "", 124, "row is missing"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), MISTAKES)
def test_a_mistake_in_a_rule_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    pack = write(tmp_path, rules=(old, new))
    with pytest.raises(BadPackError) as refused:
        load(pack)
    assert (refused.value.file, refused.value.line) == ("tiny/rules.toml", line)
    assert words in refused.value.reason


def test_the_rules_are_good_without_a_mistake(tmp_path: Path) -> None:
    assert len(load(write(tmp_path)).pack.rule) == 7


def test_the_whole_sentence_names_rule_row_and_key(tmp_path: Path) -> None:
    pack = write(tmp_path, rules=('severity = "general"', 'severity = "awful"'))
    with pytest.raises(BadPackError) as refused:
        load(pack)
    assert str(refused.value) == (
        "tiny/rules.toml:38: gap, row 1, severity:"
        " must be 'general', 'serious' or 'major', not 'awful'"
    )
