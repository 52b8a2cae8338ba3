"""Every control. Only `gridwarden compliance` needs them, and Alembic and tables with them."""

from gridwarden.watching.compliance import people, places, trail, walls, wire
from gridwarden.watching.compliance.model import CONTROLS, Evidence, evidence

PROBES = (people, walls, trail, wire, places)
"""Importing them registers their controls."""
__all__ = ["CONTROLS", "PROBES", "Evidence", "evidence"]
