"""A machine with an installed version, and small bundles of later ones.

A bundle holds what differs from the version that runs; its `place` takes the rest from there.
"""

import hashlib
import io
import json
import platform
import shutil
import signal
import subprocess
import sys
import sysconfig
import tarfile
import time
import zipfile
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import gridwarden
from conftest import environment, free_port
from gridwarden.database.backup import records
from gridwarden.installing.layout import Layout
from gridwarden.migrations import configuration
from gridwarden.settings import Settings

PASSPHRASE = "five words drawn by chance"
OLD, NEW = "0.1.0+1.gaaa", "0.1.0+2.gbbb"
SITE = f".venv/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
PLACE = f"""\
set -eu
mkdir "$1"
cp -a "$GRIDWARDEN_FROM/.venv" "$1/.venv"
rm -rf "$1/{SITE}"/gridwarden-*.dist-info
python3 -m zipfile -e wheels/*.whl "$1/{SITE}"
sed -i "1s|.*|#!$1/.venv/bin/python|" "$1/.venv/bin/gridwarden"
cp bundle.json "$1/bundle.json"
"""
PROGRAM = """\
#!{python}
import os, signal
from gridwarden.installing import journal
begin = journal.begin
def killed(layout, written, step):
    written = begin(layout, written, step)
    if step == os.environ.get("KILLED_AT"):
        os.kill(os.getpid(), signal.SIGKILL)
    return written
journal.begin = killed
from gridwarden.cli import main
main()
"""
"""The command, which ends itself by kill -9 when it has written down that a step begins."""
ASLEEP = (
    "select 1 from pg_stat_activity"
    " where query ~ 'pg_sleep' and state = 'active' and pid <> pg_backend_pid()"
)
"""Whether a migration that sleeps is at it."""
MIGRATION = """\
from alembic import op
revision = "m9999_later"
down_revision = "{head}"
branch_labels = depends_on = None
def upgrade():
    op.execute("create table data.later (id int)")
    {more}
def downgrade():
    pass
"""


@dataclass(frozen=True)
class Machine:
    """The places, and the settings that its commands run with."""

    layout: Layout
    settings: Settings

    @property
    def environment(self) -> dict[str, str]:
        more = {"GRIDWARDEN_LANGUAGE": "en", "GRIDWARDEN_BACKUP_PASSPHRASE": PASSPHRASE}
        if self.settings.database_url is not None:
            more["GRIDWARDEN_DATABASE_URL"] = self.settings.database_url
        return environment(self.settings) | more

    def run(self, *words: object, by: str = "") -> subprocess.CompletedProcess[str]:
        """A command of the version that `current` names."""
        program = self.layout.program(by or self.layout.running() or "")
        line = [program, *map(str, words)]
        return subprocess.run(line, env=self.environment, capture_output=True, text=True)

    def upgrade(self, bundle: Path) -> subprocess.CompletedProcess[str]:
        return self.run("upgrade", bundle, "--archive", self.layout.root)

    def killed_at(self, bundle: Path, step: str) -> None:
        """An upgrade that is ended by kill -9 when a step begins."""
        line = [self.layout.program(OLD), "upgrade", bundle, "--archive", self.layout.root]
        given = self.environment | {"KILLED_AT": step}
        done = subprocess.run(line, env=given, capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr

    def killed_while(self, bundle: Path, busy: Callable[[], object]) -> None:
        """An upgrade that is ended by kill -9 while something is at work for it."""
        line = [self.layout.program(OLD), "upgrade", bundle, "--archive", self.layout.root]
        running = subprocess.Popen(
            line, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        while not busy() and running.poll() is None:
            time.sleep(0.05)
        running.send_signal(signal.SIGKILL)
        out, _ = running.communicate()
        assert running.returncode == -signal.SIGKILL, out


def head() -> str:
    from alembic.script import ScriptDirectory

    found = ScriptDirectory.from_config(configuration()).get_current_head()
    assert found is not None
    return found


def facts(version: str, newest: str) -> dict[str, object]:
    release = platform.freedesktop_os_release()
    return {
        "format": 1, "version": version, "commit": "0" * 40, "head": newest,
        "python": ".".join(platform.python_version_tuple()[:2]), "arch": platform.machine(),
        "debian": release.get("VERSION_ID", ""), "postgresql": "15", "lock_sha256": "0" * 64,
    }  # fmt: skip


def installed(settings: Settings, root: Path) -> Machine:
    """The version OLD, of this very program, as if a bundle had placed it."""
    layout = Layout(root)
    folder = layout.version(OLD)
    package = Path(gridwarden.__file__).parent
    shutil.copytree(package, folder / SITE / "gridwarden")
    (folder / SITE / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for name, text in about(OLD).items():
        place = folder / SITE / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
    program = layout.program(OLD)
    program.parent.mkdir()
    base = Path(sys.base_prefix) / "bin"
    program.with_name("python").symlink_to(base / "python3")
    (folder / ".venv/pyvenv.cfg").write_text(f"home = {base}\n")
    program.write_text(PROGRAM.format(python=program.with_name("python")))
    program.chmod(0o755)
    (folder / "assets").mkdir()
    (folder / "bundle.json").write_text(json.dumps(facts(OLD, head())))
    layout.switch(OLD)
    return Machine(layout, settings.model_copy(update={"port": free_port()}))


def about(version: str) -> dict[str, str]:
    """What says which version it is."""
    return {
        "gridwarden/__init__.py": f'"""Gridwarden."""\n__version__ = "{version}"\n',
        f"gridwarden-{version}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: gridwarden\nVersion: {version}\n"
        ),
    }


def bundle(
    folder: Path,
    version: str = NEW,
    *,
    more: str = "pass",
    place: str = PLACE,
    key: Ed25519PrivateKey | None = None,
    **changed: object,
) -> Path:
    """A bundle whose migration makes a table, and does `more`; `changed`: other facts; `key`: by
    which it is signed.
    """
    there = Path(gridwarden.__file__).parent / "migrations/versions"
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as inside:
        for name, text in about(version).items():
            inside.writestr(name, text)
        migration = MIGRATION.format(head=head(), more=more)
        inside.writestr("gridwarden/migrations/versions/m9999_later.py", migration)
        for source in there.glob("m*.py"):  # a whole wheel has what is there already, too
            inside.write(source, f"gridwarden/migrations/versions/{source.name}")
    files = {
        "bundle.json": json.dumps(facts(version, "m9999_later") | changed).encode(),
        "place": place.encode(),
        f"wheels/gridwarden-{version}-py3-none-any.whl": wheel.getvalue(),
    }
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    files["SHA256SUMS"] = sums.encode()
    if key is not None:
        files["SHA256SUMS.sig"] = b64encode(key.sign(sums.encode()))
    made = folder / f"gridwarden-{version}.tar"
    with tarfile.open(made, "w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(f"gridwarden-{version}/{name}")
            member.size, member.mode = len(data), 0o755 if name == "place" else 0o644
            tar.addfile(member, io.BytesIO(data))
    return made


def note(settings: Settings, kind: records.Kind, *, days: float = 0) -> None:
    """As if a backup, or a trial of one, had been made so many days ago."""
    from datetime import timedelta

    at = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    records.note(settings, records.Record(kind, at, "0" * 32, "/nowhere/a.age", 1, 1, 1, ""))


__all__ = ["ASLEEP", "NEW", "OLD", "Machine", "bundle", "head", "installed", "note"]
