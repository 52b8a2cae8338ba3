"""Photos and documents of a case: looked at behind walls, kept by their hash, given out guarded.

`apart` looks at a stranger's file in a process of its own, `checks` says what the photo's time and
place mean for the case, `keeping` puts it away, `routes` takes and gives.
"""
