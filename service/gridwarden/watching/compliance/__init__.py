"""What a security officer signs: control by control, the live evidence of this installation."""

from gridwarden.watching.compliance import people, places, trail, walls, wire
from gridwarden.watching.compliance.model import CONTROLS, Control, Evidence, evidence

PROBES = (people, walls, trail, wire, places)
"""Importing them registers their controls."""
__all__ = ["CONTROLS", "PROBES", "Control", "Evidence", "evidence"]
