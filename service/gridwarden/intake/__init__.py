"""Files of a city's offices, read, checked, and published as versions of datasets.

`readers` → `Checker` → `Publication`: raw values, then rows that fit or a reason why not, then
one transaction. What a person asks for is an `Ask`; `ask_for` queues it, the task does it.
"""

from gridwarden.intake.ask import Ask
from gridwarden.intake.imports import ask_for

__all__ = ["Ask", "ask_for"]
