"""How much one caller, and all of them together, may ask for: rates, lanes and sizes."""

from gridwarden.access.limits.aside import Aside, helpers_of
from gridwarden.access.limits.costs import Cost, cost_of, costs
from gridwarden.access.limits.guard import Guard, Limits, held_to

__all__ = ["Aside", "Cost", "Guard", "Limits", "cost_of", "costs", "held_to", "helpers_of"]
