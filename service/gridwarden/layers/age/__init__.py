"""How old each dataset is, what its supplier promised, and who is late."""

from gridwarden.layers.age.ages import Freshness, freshness, promise
from gridwarden.layers.age.telling import age_line, source_line

__all__ = ["Freshness", "age_line", "freshness", "promise", "source_line"]
