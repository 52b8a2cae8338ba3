"""Rules × geometry = findings: the whole city at a time, in set-based SQL."""

from gridwarden.screening.screen import Count, Screened, Step, screen

__all__ = ["Count", "Screened", "Step", "screen"]
