"""Exact mains that a bureau opened to one planner: one district, for a time, with a reason."""
