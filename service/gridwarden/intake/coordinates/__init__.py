"""Whose coordinates a file holds: taken with the reason, or held with a question; never guessed.

`decided` weighs what a person says, what the file states, what its maker implies and what the
numbers prove. It reads nothing but its arguments; `knowing` fetches what it needs to know of the
city, `answering` takes a person's answer, `telling` puts both into words.
"""

from gridwarden.intake.coordinates.deciding import Decision, Said, decided
from gridwarden.intake.coordinates.extent import Extent
from gridwarden.intake.coordinates.question import Option, Question

__all__ = ["Decision", "Extent", "Option", "Question", "Said", "decided"]
