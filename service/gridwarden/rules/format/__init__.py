"""What a rule pack may say: frozen models that refuse to exist when wrong.

Distances are metres on the ground; a file that does not fit is refused by
`gridwarden.rules.reading` with its name, line and reason.
"""

from gridwarden.rules.format.conditions import (
    COMPARISONS,
    Condition,
    Estimate,
    Location,
    LocationClass,
    People,
)
from gridwarden.rules.format.pack import (
    ClassSystem,
    Figure,
    Head,
    OuterDiameters,
    Pack,
    PressureClass,
    Profile,
)
from gridwarden.rules.format.parts import (
    LEVELS,
    MAINS,
    SEVERITIES,
    VERDICTS,
    Both,
    Measures,
    Method,
    Severity,
    Verdict,
)
from gridwarden.rules.format.rows import MainConditions, Relaxation, Row
from gridwarden.rules.format.rule import AGAINST_MAINS, KINDS, Kind, Measured, Rule

__all__ = [
    "AGAINST_MAINS",
    "COMPARISONS",
    "KINDS",
    "LEVELS",
    "MAINS",
    "SEVERITIES",
    "VERDICTS",
    "Both",
    "ClassSystem",
    "Condition",
    "Estimate",
    "Figure",
    "Head",
    "Kind",
    "Location",
    "LocationClass",
    "MainConditions",
    "Measured",
    "Measures",
    "Method",
    "OuterDiameters",
    "Pack",
    "People",
    "PressureClass",
    "Profile",
    "Relaxation",
    "Row",
    "Rule",
    "Severity",
    "Verdict",
]
