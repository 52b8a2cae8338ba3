"""Small packs that tests change in one place."""

from pathlib import Path

SMALL = """\
[pack]
id = "try-out"
version = "1"
title = { en = "Try-out", zh = "试用" }
jurisdiction = "CN"
level = "city"
valid_from = 2026-01-01
extends = "cn-city-gas"

[[rule]]
id = "own-clearance"
family = "own_family"
kind = "clearance"
subjects = ["buildings"]
strength = 5
clause = ""
edition = ""
verified = false
certainty = "design"
source = "made up"
text = { en = "Too near.", zh = "太近。" }
measures = { en = ["Look."], zh = ["查看。"] }
row = [
  { class = "L", limit_m = 0.7, severity = "general" },
  { class = "MB", limit_m = 1.0, severity = "serious" },
]
"""
"""An overlay with one rule on mains."""

BASE = """\
[pack]
id = "tiny"
version = "1"
title = { en = "Tiny", zh = "小" }
jurisdiction = "XX"
level = "nation"
valid_from = 2026-01-01
missing_od_mm = 300.0
point_radius_m = 3.0

[[class_system]]
id = "two"
title = { en = "Two", zh = "两级" }
source = "made up"
class = [
  { id = "A", over_mpa = -1.0, upto_mpa = 0.01, title = { en = "A", zh = "甲" } },
  { id = "B", over_mpa = 0.01, upto_mpa = 4.0, closed_below = true, title = { en = "B", zh = "乙" } },
]

[outer_diameter.steel]
source = "made up"
dn = { "100" = 114.3 }

[[figure]]
id = "spacing_m"
unit = "m"
title = { en = "Spacing", zh = "间距" }
source = "for the city to set"
certainty = "design"

[[figure]]
id = "least_m2"
unit = "m2"
value = 5
title = { en = "Area", zh = "面积" }
source = "made up"
certainty = "design"

[[profile]]
state = "CA"
title = { en = "California", zh = "加利福尼亚" }
tolerance_zone_m = 0.6096
source = "made up"
certainty = "published"
"""  # noqa: E501
"""The head of a base pack; in a folder its rules stand in `rules.toml`."""

RULES = """\
# Rules of the tiny pack.

[[rule]]
id = "band"
family = "near"
kind = "protection"
subjects = ["buildings"]
main = { network = ["city"] }
strength = 30
clause = "1"
edition = "Code"
verified = false
certainty = "design"
source = "made up"
text = { en = "In the band.", zh = "在范围内。" }
row = [
  { class = ["A", "B"], limit_m = 0.5, severity = "serious" },
]

[[rule]]
id = "gap"
family = "near"
kind = "clearance"
subjects = ["buildings"]
classes = "two"
measured = { from = "outer_edge", to = "foundation" }
strength = 20
clause = "2"
edition = "Code"
verified = false
certainty = "design"
source = "made up"
text = { en = "Too near.", zh = "太近。" }

[[rule.row]]
class = "A"
limit_m = 0.7
severity = "general"

[[rule.row]]
class = "B"
interpolate = [[0.8, 5.0], [1.6, 13.5]]
severity = "general"

[[rule.relaxation]]
id = "wall"
limit_m = 3.0
class = ["B"]
wall_min_mm = 11.9
certainty = "recalled"
text = { en = "A thick wall.", zh = "厚壁。" }

[[rule]]
id = "dig"
family = "work"
kind = "activity"
strength = 30
clause = ""
edition = ""
verified = false
certainty = "design"
source = "made up"
text = { en = "Work near a main.", zh = "管线附近作业。" }
row = [
  { class = "A", method = ["hand", "mechanical"], limit_m = 0.5, verdict = "prohibited" },
  { class = "B", method = "piling", limit_m = 5.0, per_depth = 1.5, verdict = "notify" },
]

[[rule]]
id = "sheds"
family = "sheds"
kind = "clearance"
subjects = ["charging_sheds"]
counterpart = "buildings"
counterpart_where = [{ column = "height_m", over = 21.0 }]
strength = 10
clause = ""
edition = ""
verified = false
certainty = "design"
source = "made up"
text = { en = "Too near a building.", zh = "离建筑太近。" }
row = [{ limit = "@spacing_m", severity = "general" }]

[[rule]]
id = "tall"
family = "tall"
kind = "attribute"
subjects = ["buildings"]
where = [
  { column = "height_m", over = 21.0, estimate = { column = "storeys", factor = 3.0, possible_from = 19.0, certain_over = 23.0 } },
  { column = "water_system_state", not = ["ok"] },
]
strength = 10
clause = ""
edition = ""
verified = false
certainty = "design"
source = "made up"
text = { en = "No water.", zh = "无水。" }
row = [{ severity = "serious" }]

[[rule]]
id = "located"
family = "location"
kind = "consequence"
subjects = ["gas_pipelines"]
strength = 10
clause = ""
edition = ""
verified = false
certainty = "design"
source = "made up"
text = { en = "The class is too low.", zh = "地区等级偏低。" }
row = [{ severity = "serious" }]

[rule.location]
layer = "buildings"
each_side_m = 200.0
along_m = 1600.0
units = "households"
classes = [{ id = "1", upto = 12 }, { id = "2", upto = 79 }, { id = "3" }]

[[rule]]
id = "hurt"
family = "hurt"
kind = "consequence"
subjects = ["buildings"]
people = { column = "households", figure = "least_m2" }
strength = 10
clause = ""
edition = ""
verified = false
certainty = "design"
source = "made up"
text = { en = "People within.", zh = "范围内有人。" }
row = [{ formula = "pir", severity = "general" }]
"""  # noqa: E501
"""One rule of each sort."""

OVERLAY = """\
[pack]
id = "deeper"
version = "1"
title = { en = "Deeper", zh = "下级" }
jurisdiction = "XX-1"
level = "city"
valid_from = 2026-01-01
extends = "tiny"
state = "CA"

[figures]
spacing_m = 6.0

[[rule]]
id = "band-here"
family = "near"
kind = "protection"
subjects = ["buildings"]
replaces = ["band"]
strength = 30
clause = ""
edition = ""
verified = false
certainty = "design"
source = "made up"
text = { en = "In the city's band.", zh = "在本市范围内。" }
row = [{ class = ["A", "B"], limit_m = 1.0, severity = "serious" }]
"""
"""A city's own pack on top of the tiny one."""


def write(folder: Path, **changes: tuple[str, str]) -> Path:
    """The tiny pack as a folder with the city's pack beside it; each file changed in one place."""
    texts = {"pack": BASE, "rules": RULES, "deeper": OVERLAY}
    places = {"pack": "tiny/pack.toml", "rules": "tiny/rules.toml", "deeper": "deeper.toml"}
    (folder / "tiny").mkdir()
    for name, text in texts.items():
        old, new = changes.get(name, ("", ""))
        assert old in text, old
        (folder / places[name]).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder / ("deeper.toml" if "deeper" in changes else "tiny")
