"""docker/ without an engine: the image's steps, walked one by one in a bare Debian.

`docker build`, the base image and compose itself are not run; the base is taken to be what
debootstrap makes. Everything else of the Dockerfile is done as an engine would.
"""

import json
import re
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from bundle import bare
from bundle.making import ROOT

pytestmark = pytest.mark.deep
CONTEXT = ROOT / "docker"


@dataclass
class Image:
    """What the steps have made of the folder."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    folder: str = "/"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)

    def run(self, script: str, **variables: str) -> str:
        """A shell's words, as the image's account and in its environment."""
        shell = ["/bin/sh", "-c", f"cd {shlex.quote(self.folder)} || exit 1\n{script}"]
        if self.user != "root":
            shell = ["/usr/sbin/runuser", "-u", self.user, "--", *shell]
        return bare.run(self.root, *shell, **self.environment, **variables).stdout

    def walk(self, instruction: str, words: str) -> None:
        """One step, or a failure where this does not know what an engine would do."""
        if instruction == "RUN":
            words = re.sub(r"--mount=type=bind,target=/context\s", "", words)
            assert not words.lstrip().startswith("--"), words
            self.run(words)
        elif instruction == "COPY":
            mode = re.match(r"--chmod=(\d+) ", words)
            *names, target = shlex.split(words.removeprefix(mode[0] if mode else ""))
            for name in names:
                placed = shutil.copy2(CONTEXT / name, self.root / target.strip("/"))
                Path(placed).chmod(int(mode[1], 8) if mode else 0o644)
        elif instruction == "ENV":
            self.environment |= dict(word.split("=", 1) for word in shlex.split(words))
        elif instruction == "USER":
            self.user = words
        elif instruction == "WORKDIR":
            self.folder = words
        elif instruction == "VOLUME":
            self.volumes.append(words)
        elif instruction == "CMD":
            self.command = json.loads(words)
        elif instruction == "HEALTHCHECK":
            self.health = json.loads(words.split("CMD ", 1)[1])
        else:
            assert instruction in ("FROM", "EXPOSE", "STOPSIGNAL"), instruction


def steps() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and what they say."""
    lines = (CONTEXT / "Dockerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line]  # type: ignore[misc]


@pytest.fixture
def image(machine: Path, whole_bundle: Path) -> Image:
    """The machine, after every step."""
    assert steps()[0] == ("FROM", "debian:12-slim")
    context = machine / "context"  # mounted there for as long as a step lasts
    context.mkdir()
    shutil.copy2(whole_bundle, context)
    made = Image(machine)
    for instruction, words in steps():
        made.walk(instruction, words)
    shutil.rmtree(context)
    return made


BEGUN = """
{start} >log 2>&1 & started=$!
until {ready} >health 2>&1; do kill -0 $started || {{ cat log; exit 1; }}; sleep 1; done
cat health
{more}
kill -TERM $started; wait $started; echo "ended with $?"
cat log
"""
SERVER = """
set -eu
install -d -o postgres -m 0700 /srv/database
as_postgres="runuser -u postgres -- env PATH=/usr/lib/postgresql/15/bin:$PATH PGHOST=/tmp"
$as_postgres initdb -D /srv/database -U postgres --pwfile=/run/secrets/superuser_password {args}
$as_postgres pg_ctl start -w -D /srv/database -o "-c listen_addresses=127.0.0.1 -k /tmp"
$as_postgres POSTGRES_USER=postgres bash /docker-entrypoint-initdb.d/20-gridwarden.sh
echo "127.0.0.1 database" >>/etc/hosts
"""


def test_the_image_serves_by_itself_as_an_account_without_rights(image: Image) -> None:
    assert image.user not in ("", "root", "0")
    assert image.volumes == [image.environment["GRIDWARDEN_HOME"]]
    for each in ("/opt/gridwarden/current", "/usr/local/bin", "/etc"):
        assert image.run(f"test -w {each} && echo open || echo closed").strip() == "closed"
    begun = BEGUN.format(
        start=shlex.join(image.command),
        ready=shlex.join(image.health),
        more="id -un; gridwarden status",
    )
    said = image.run(begun)
    assert '"status"' in said
    assert f"\n{image.user}\n" in said
    assert "ended with 0" in said
    stopped = image.run("gridwarden status || echo status $?")
    assert "status 3" in stopped, "the private cluster was stopped with the container"


def test_the_service_takes_a_server_that_compose_prepares(image: Image) -> None:
    """As `compose.yaml` says: secrets are files, the owner is no superuser."""
    compose = yaml.safe_load((CONTEXT / "compose.yaml").read_text())
    database, service = compose["services"]["database"], compose["services"]["gridwarden"]
    assert "environment" not in service, "no secret is in a variable"
    shutil.copytree(CONTEXT, image.root / "srv/docker", ignore=shutil.ignore_patterns("*.tar"))
    bare.run(image.root, "/srv/docker/secrets.sh")
    (image.root / "run/secrets").mkdir()
    for name, told in compose["secrets"].items():
        shutil.copy2(image.root / "srv/docker" / told["file"], image.root / "run/secrets" / name)
    for mount in database["volumes"]:
        source, target, *_ = mount.split(":")
        if source.startswith("."):
            (image.root / target.lstrip("/")).parent.mkdir(exist_ok=True, parents=True)
            shutil.copy2(CONTEXT / source, image.root / target.lstrip("/"))
    server = SERVER.format(args=database["environment"]["POSTGRES_INITDB_ARGS"])
    begun = BEGUN.format(
        start=shlex.join(image.command),
        ready=shlex.join(image.health),
        more="gridwarden status",
    )
    environment = image.environment
    ours = shlex.join(
        ["runuser", "-u", image.user, "--", "sh", "-c", f"cd {image.folder}\n{begun}"]
    )
    said = bare.run(image.root, "/bin/bash", "-c", server + ours, **environment).stdout
    assert '"status"' in said
    assert "ended with 0" in said
    assert not (image.root / "var/lib/gridwarden/cluster").exists(), "the server's is the only one"
