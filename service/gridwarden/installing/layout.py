"""The places of an installation: versions side by side, one name for the one that runs."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gridwarden.database.passwords import sync_folder

OPT: Final = "opt/gridwarden"
FACTS: Final = "bundle.json"
"""In every version that is wholly placed: what the bundle said of itself."""
MAKER: Final = "maker.pub"
"""In a bundle that is signed, and in the version that was made of it: whose key it is."""
SERVICE: Final = "gridwarden"
CLUSTER: Final = "gridwarden-db"
"""The accounts, and how their units are called."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The places below `root`, which is `/` but for images and trials."""

    root: Path = Path("/")

    @property
    def opt(self) -> Path:
        """What root alone writes: versions, the name of the one that runs, an upgrade's notes."""
        return self.root / OPT

    @property
    def versions(self) -> Path:
        """One folder a version, never changed after it was placed."""
        return self.opt / "versions"

    @property
    def current(self) -> Path:
        """The link to the version that runs."""
        return self.opt / "current"

    @property
    def wrapper(self) -> Path:
        """The command that people and units run."""
        return self.opt / "bin/gridwarden"

    @property
    def environment(self) -> Path:
        """The office's settings."""
        return self.root / "etc/gridwarden/gridwarden.env"

    @property
    def maker(self) -> Path:
        """The key by which bundles for this machine are signed, once one was."""
        return self.root / "etc/gridwarden" / MAKER

    @property
    def units(self) -> Path:
        """Units of this machine's service manager."""
        return self.root / "etc/systemd/system"

    def version(self, name: str) -> Path:
        """The folder of a version."""
        return self.versions / name

    def program(self, name: str) -> Path:
        """The `gridwarden` of a version."""
        return self.version(name) / ".venv/bin/gridwarden"

    def running(self) -> str | None:
        """The version that `current` names, if any does."""
        try:
            return self.current.readlink().name
        except OSError:
            return None

    def switch(self, name: str) -> None:
        """Have `current` name another version, by one rename: it always names a whole one."""
        beside = self.opt / f".current-{os.getpid()}"
        beside.unlink(missing_ok=True)
        beside.symlink_to(Path("versions") / name)
        beside.replace(self.current)
        sync_folder(self.opt)


def of_program() -> tuple[Layout, str] | None:
    """The places that this very program lies in, and its version; None outside of them."""
    place = Path(sys.prefix)  # ROOT/opt/gridwarden/versions/VERSION/.venv
    version = place.parent
    root = version.parents[3] if len(version.parents) > 3 else None
    if root is None or version.parent != Layout(root).versions or place.name != ".venv":
        return None
    return (Layout(root), version.name) if (version / FACTS).exists() else None
