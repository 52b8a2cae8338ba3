"""Asks the process behind the walls what a file is."""

import asyncio
import json
import sys
import tempfile
from dataclasses import dataclass
from typing import Final

from gridwarden.words.problems import Problem

PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file is, and what its camera said: `taken` is local time where it has no offset."""

    media: str
    preview: bytes = b""
    width: int | None = None
    height: int | None = None
    taken: str | None = None
    position: tuple[float, float] | None = None
    system: str | None = None
    accuracy_m: float | None = None


async def look(body: bytes) -> Seen:
    """Look at a file. Raises Problem `refused` for one that is not taken, with the reason."""
    with tempfile.TemporaryDirectory(prefix="gw-proof-") as room:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-m", "gridwarden.hazards.proof.apart", room),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin"},
        )
        try:
            out, _ = await asyncio.wait_for(process.communicate(body), PATIENCE_S)
        except TimeoutError:
            out = b""
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    line, _, preview = out.partition(b"\n")
    told = json.loads(line) if process.returncode == 0 and line else {"refused": "broken"}
    if "refused" in told:
        raise Problem("refused", f"proof.refused.{told['refused']}", field="file")
    place = told.pop("position", None)
    return Seen(preview=preview, position=tuple(place) if place else None, **told)
