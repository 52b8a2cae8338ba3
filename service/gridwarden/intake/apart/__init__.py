"""A stranger's file is opened and read in a process of its own, never in the web's or worker's.

That process has no network, no programs, no other files than this one and its room, and limits of
memory, time and size. What it finds comes back as plain data; when it dies, that is a Problem with
a sentence. `open_apart` is used in the place of `formats.source.open_source`.

    opening.py   what callers use; asks the starter, hands rows on
    starter.py   one small process beside the caller's, with the libraries loaded; forks readers
    reader.py    reads one file and answers
    walls.py     what a reader shuts around itself before it opens anything
    wire.py      how rows and refusals cross the pipe, exactly
"""

from gridwarden.intake.apart.limits import Limits
from gridwarden.intake.apart.opening import Apart, open_apart

__all__ = ["Apart", "Limits", "open_apart"]
