"""Whatever is done to a city, and in whatever order it is committed: its findings are the ones
that a screening of all would give now.
"""
