"""`gridwarden install`: a placed version becomes a service of its machine.

Accounts, settings, units, timers, bounds of the journal, and the private cluster by an account of
its own. What is there already stays, but for units and the like, which are this version's; so it
may be run again, and an upgrade does.
"""

import grp
import os
import pwd
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from gridwarden.database import cluster
from gridwarden.database.handing import give, hand_over
from gridwarden.database.passwords import write_private, write_whole
from gridwarden.installing.layout import CLUSTER, MAKER, SERVICE, Layout, of_program
from gridwarden.installing.machine import STARTED
from gridwarden.installing.told import refusal
from gridwarden.settings import Settings, kept_crs
from gridwarden.words import say

UNITS: Final = (
    *("gridwarden-db.service", "gridwarden.service", "gridwarden-backup.service"),
    *("gridwarden-backup.timer", "gridwarden-drill.service", "gridwarden-drill.timer"),
)
PLACES: Final = {
    **{unit: f"etc/systemd/system/{unit}" for unit in UNITS},
    "journald.conf": "etc/systemd/journald.conf.d/gridwarden.conf",
    "sysusers.conf": "usr/lib/sysusers.d/gridwarden.conf",
    "tmpfiles.conf": "usr/lib/tmpfiles.d/gridwarden.conf",
    "gridwarden.sh": "opt/gridwarden/bin/gridwarden",
}
"""What belongs to the version, by its name in the package."""
FOLDERS: Final = (
    ("opt/gridwarden", 0o755, "root", "root"),
    ("opt/gridwarden/versions", 0o755, "root", "root"),
    ("etc/gridwarden", 0o750, "root", SERVICE),
    ("var/lib/gridwarden", 0o711, SERVICE, SERVICE),
    ("var/lib/gridwarden/cluster", 0o710, CLUSTER, CLUSTER),
    ("var/backups/gridwarden", 0o700, SERVICE, SERVICE),
)
ENVIRONMENT: Final = "gridwarden.env"
HOST_NAME: Final = re.compile(r"(?=.{1,253}$)(?!-)[\w-]{1,63}(\.(?!-)[\w-]{1,63})*", re.ASCII)
PASSPHRASE: Final = "etc/gridwarden/backup-passphrase"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Settings to write, by the names of their variables."""

    settings: Mapping[str, str]


def install(settings: Settings, root: Path | None, wanted: Wanted, *, start: bool) -> Iterator[str]:
    """Put everything in its place; says what was done. Raises SetUpError."""
    found = of_program()
    if root is None and found is None:
        raise refusal(settings, "not_installed")
    live = root is None
    if live and os.geteuid() != 0:
        raise refusal(settings, "root")
    _check_wanted(settings, wanted)
    layout = Layout(root.absolute()) if root is not None else Layout()
    if live:
        _check_state(settings, layout)
        yield from _accounts(settings)
    yield from _folders(settings, layout, live)
    yield from _files(settings, layout)
    yield from _environment(settings, layout, wanted, live)
    if found is not None and found[0].root == layout.root and layout.running() is None:
        layout.switch(found[1])
    if not live:
        yield say("installing.put.image", settings.language, root=layout.root)
        return
    yield from _maker(settings, layout)
    own = settings_of(layout)
    yield from _begin(own, layout, start)


def _check_wanted(settings: Settings, wanted: Wanted) -> None:
    """Raises SetUpError, before anything is written, for a host that is neither an address nor a
    name, and for a CRS without true metres.
    """
    host, crs = (wanted.settings.get(f"GRIDWARDEN_{name}") for name in ("HOST", "CRS"))
    if host is not None and not _is_host(host):
        raise refusal(settings, "put.no_host", host=host)
    if crs is not None:
        cluster.check_metric(settings.model_copy(update={"crs": int(crs)}))


def _is_host(text: str) -> bool:
    """Whether it is an address or, by its signs, a name."""
    with suppress(ValueError):
        return bool(ip_address(text))
    return bool(HOST_NAME.fullmatch(text)) and not text.rpartition(".")[2].isdigit()


def _check_state(settings: Settings, layout: Layout) -> None:
    """Raises SetUpError where the state folder holds what no installed service owns, as after a
    demo by root: its database is another account's.
    """
    state = layout.root / "var/lib/gridwarden"
    if not state.is_dir() or not any(state.iterdir()):
        return
    owner = state.stat().st_uid
    if SERVICE not in (one.pw_name for one in pwd.getpwall() if one.pw_uid == owner):
        raise refusal(settings, "put.other_state", folder=state)


def settings_of(layout: Layout) -> Settings:
    """The settings that the units run with."""
    os.environ.update(read_environment(layout.environment))
    return Settings()


def read_environment(place: Path) -> dict[str, str]:
    """The variables in a settings file, as the wrapper and systemd read it."""
    found = {}
    for line in place.read_text("utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and name.startswith("GRIDWARDEN_"):
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            found[name] = value[1:-1] if quoted else value
    return found


def _accounts(settings: Settings) -> Iterator[str]:
    """An account each for service and database, that nobody signs in as. The service is of the
    database's group, too, which reaches the socket; the database is of no other's.
    """
    for name in (SERVICE, CLUSTER):
        subprocess.run(["groupadd", "--system", "--force", name], check=True)
        try:
            pwd.getpwnam(name)
        except KeyError:
            command = ["useradd", "--system", "--gid", name, "--no-create-home"]
            command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name]
            subprocess.run(command, check=True)
            yield say("installing.put.account", settings.language, what=name)
    subprocess.run(["usermod", "--append", "--groups", CLUSTER, SERVICE], check=True)


def _folders(settings: Settings, layout: Layout, live: bool) -> Iterator[str]:
    for name, mode, owner, group in FOLDERS:
        place = layout.root / name
        if not place.exists():
            place.mkdir(parents=True)
            yield say("installing.put.made", settings.language, what=place)
        if live:
            give(place, pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid, mode)


def _files(settings: Settings, layout: Layout) -> Iterator[str]:
    """Written only where they differ."""
    for name, where in PLACES.items():
        place, text = layout.root / where, _text(name)
        mode = 0o755 if name.endswith(".sh") else 0o644
        if not place.exists() or place.read_text("utf-8") != text:
            place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            write_whole(place, text, mode)
            yield say("installing.put.made", settings.language, what=place)
        place.chmod(mode)
    link = layout.root / "usr/local/bin/gridwarden"
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to("/opt/gridwarden/bin/gridwarden")


def _text(name: str) -> str:
    package = __package__ or "gridwarden.installing"
    return files(package).joinpath("files", name).read_text("utf-8")


def _environment(settings: Settings, layout: Layout, wanted: Wanted, live: bool) -> Iterator[str]:
    """The settings: made once; afterwards only what is asked for changes."""
    place = layout.environment
    old = place.read_text("utf-8") if place.exists() else _text(ENVIRONMENT)
    kept = kept_crs(layout.root / "var/lib/gridwarden")
    asked = wanted.settings.get("GRIDWARDEN_CRS")
    if kept is not None and asked not in (None, str(kept)):
        raise refusal(settings, "put.crs_fixed", crs=kept)
    lines, left = [], dict(wanted.settings)
    for line in old.splitlines():
        name = line.partition("=")[0]
        lines.append(f"{name}={left.pop(name)}" if name in left else line)
    text = "\n".join([*lines, *(f"{name}={value}" for name, value in left.items())]) + "\n"
    if not place.exists() or text != old:
        _secret(place, text, live)
        yield say("installing.put.made", settings.language, what=place)
    passphrase = layout.root / PASSPHRASE
    if live and not passphrase.exists():  # of an image every machine would have the same
        # Read aloud and copied by hand: groups of letters and digits that are not mistaken.
        signs = "abcdefghjkmnpqrstuvwxyz23456789"
        groups = ["".join(secrets.choice(signs) for _ in range(5)) for _ in range(6)]
        _secret(passphrase, "-".join(groups) + "\n", live)
        yield say("installing.put.passphrase", settings.language, file=passphrase)


def _maker(settings: Settings, layout: Layout) -> Iterator[str]:
    """Whose bundles this machine takes: that of the first one that was signed."""
    signed = layout.version(layout.running() or "") / MAKER
    if signed.is_file() and not layout.maker.exists():
        key = signed.read_text("ascii")
        write_whole(layout.maker, key, 0o644)
        yield say("installing.put.maker", settings.language, key=key.strip(), file=layout.maker)


def _secret(place: Path, text: str, live: bool) -> None:
    """For root and the service alone, whole or not at all."""
    write_private(place, text)
    if live:
        shutil.chown(place, "root", SERVICE)
        place.chmod(0o640)


def _begin(settings: Settings, layout: Layout, start: bool) -> Iterator[str]:
    """The private cluster made, if there is none; the units started, at every boot, too."""
    if settings.database_url is None:
        cluster.make(settings)
        hand_over(settings)
    language = settings.language
    yield say("installing.put.settings", language, file=layout.environment)
    if not Path("/run/systemd/system").is_dir():
        yield say("installing.put.by_hand", language, wrapper=layout.wrapper)
        return
    _systemctl(settings, "daemon-reload")
    own = [*STARTED] if settings.database_url else ["gridwarden-db.service", *STARTED]
    _systemctl(settings, "enable", *own)
    if start:
        _systemctl(settings, "restart", "systemd-journald.service")
        _systemctl(settings, "start", *own)
        words = {"version": layout.running(), "url": settings.own_url}
        yield say("installing.put.running", language, **words)


def _systemctl(settings: Settings, *words: str) -> None:
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2] or str(done.returncode)
        raise refusal(settings, "systemctl", what=" ".join(words), reason=reason)
