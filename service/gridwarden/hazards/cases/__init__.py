"""Hazard cases: what they stand on, what happened to them, the list and each one's own story."""
