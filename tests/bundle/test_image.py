"""docker/ by a real engine: Debian 12's own Docker and compose, on a machine that is booted and has
no network. The base image is what debootstrap makes; `server/` stands in for postgis/postgis.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle import bare
from bundle.booted import Booted, booted
from bundle.making import ROOT

pytestmark = pytest.mark.deep

PACKAGES = ("systemd-sysv", "dbus", "docker.io", "docker-compose", "curl")
INITIALISATION = "service/gridwarden/database/postgis.sql"
BUILD = """
export DOCKER_BUILDKIT=1 COMPOSE_DOCKER_CLI_BUILD=1
docker import /srv/debian.tar debian:12-slim && rm /srv/debian.tar
/srv/gridwarden/docker/secrets.sh
docker-compose -f /srv/gridwarden/docker/compose.yaml build
docker build --tag postgis/postgis:15-3.4 /srv/server
"""
COMPOSE = "docker-compose -f /srv/gridwarden/docker/compose.yaml"
INSIDE = f"{COMPOSE} exec -T gridwarden"
READY = "curl --fail --silent http://127.0.0.1:8000/readyz"
HEALTHY = f"""
docker inspect --format '{{{{.State.Health.Status}}}}' "$({COMPOSE} ps -q gridwarden)" |
  grep -qx healthy
{READY}
"""
CONFINED = f"""
{INSIDE} sh -c 'id -u; grep -E "^(CapBnd|NoNewPrivs|Seccomp):" /proc/self/status'
{INSIDE} sh -ec 'for each in / /opt/gridwarden/current /usr/local/bin /etc; do
  [ ! -w "$each" ] || exit 1
done'
{INSIDE} gridwarden doctor
{COMPOSE} exec -T database psql -U postgres -Atc "show log_min_error_statement"
"""
ASK = 'curl --fail --silent --show-error -H "Authorization: Bearer $(cat /srv/key)"'
SEND = f"""
{INSIDE} gridwarden token administrator | tail -n 1 >/srv/key
printf 'code,name,lon,lat,places\\nX1,{{name}},114.05,30.5,10\\n' >/srv/sheds.csv
{ASK} -F file=@/srv/sheds.csv -F layer=charging_sheds -F dataset={{name}} -F crs=EPSG:4326 \\
  http://127.0.0.1:8000/api/imports | sed 's/.*"url":"\\([^"]*\\)".*/\\1/' >/srv/import
"""
SENT = f"""
{ASK} "http://127.0.0.1:8000$(cat /srv/import)" |
  grep -E '"state" ?: ?"(published|unchanged)"'
"""
SHEDS = f'{INSIDE} gridwarden psql -Atc "select name from data.charging_sheds order by 1"'
KILL_WORKER = f"""
{INSIDE} sh -c 'for each in /proc/[0-9]*; do
  ! tr "\\0" " " <$each/cmdline | grep -q "gridwarden [w]orker" || kill -KILL ${{each#/proc/}}
done'
"""
ENDED = "docker inspect --format '{{{{.State.ExitCode}}}}' {name}"
ALONE = """
docker run --detach --name alone --init --stop-timeout 300 --read-only --tmpfs /tmp \
  --cap-drop ALL --security-opt no-new-privileges --volume alone:/var/lib/gridwarden gridwarden
"""


@pytest.fixture(scope="module")
def engine(
    tmp_path_factory: pytest.TempPathFactory, whole_bundle: Path, bare_debian: Path
) -> Iterator[Booted]:
    """A machine whose engine has built the image, as docs/offline.md says."""
    root = bare.make(tmp_path_factory.mktemp("engine") / "root", *PACKAGES)
    place = root / "srv/gridwarden"
    left_out = shutil.ignore_patterns("secrets", "*.tar")
    shutil.copytree(ROOT / "docker", place / "docker", ignore=left_out)
    (place / INITIALISATION).parent.mkdir(parents=True)
    shutil.copy2(ROOT / INITIALISATION, place / INITIALISATION)
    shutil.copy2(whole_bundle, place / "docker")
    older = place / "docker/gridwarden-0.0.9+202601010000.g000000000000-debian12-x86_64.tar"
    older.write_bytes(b"an older bundle that was left there")
    shutil.copytree(Path(__file__).with_name("server"), root / "srv/server")
    packed = ["tar", "-C", bare_debian, "-cf", root / "srv/debian.tar", "."]
    subprocess.run(packed, check=True)
    with booted(root) as machine:
        machine.run(BUILD)
        yield machine
    shutil.rmtree(root.parent)


@pytest.fixture
def served(engine: Booted) -> Booted:
    """And whose compose has put up both containers."""
    engine.run(f"{COMPOSE} up --detach")
    engine.until(HEALTHY)
    return engine


def bring(machine: Booted, name: str) -> None:
    """A shed of that name, through the published port."""
    machine.run(SEND.format(name=name))
    machine.until(SENT)


def test_the_service_runs_as_an_account_without_rights(served: Booted) -> None:
    said = served.run(CONFINED)
    assert "10001\n" in said
    assert f"CapBnd:\t{0:016x}\n" in said
    assert "NoNewPrivs:\t1\n" in said
    assert "Seccomp:\t2\n" in said
    assert said.endswith("\npanic\n"), "no row is in the server's log"
    compose = (ROOT / "docker/compose.yaml").read_text()
    _, service = compose.split("\n  gridwarden:\n")
    assert "environment:" not in service, "no secret is in a variable"


def test_what_is_brought_stays_when_parts_die_and_containers_are_made_anew(served: Booted) -> None:
    bring(served, "first")
    served.run(KILL_WORKER)
    log = served.until(f"{COMPOSE} logs --no-color gridwarden | grep 'the worker ended'")
    assert json.loads(log[log.index("{") :].splitlines()[0])["level"] == "warning"
    served.until(f'{READY} | grep -E \'"worker": ?"alive"\'')
    bring(served, "second")

    names = served.run(f"{COMPOSE} ps -q").split()
    served.run(f"{COMPOSE} stop")
    assert [served.run(ENDED.format(name=name)).strip() for name in names] == ["0", "0"]
    served.run(f"{COMPOSE} down && {COMPOSE} up --detach")
    served.until(HEALTHY)
    assert {"first", "second"} <= set(served.run(SHEDS).split())


def test_an_archive_brings_a_lost_database_back(served: Booted) -> None:
    bring(served, "first")
    told = served.run(SHEDS)
    served.run(f"{INSIDE} gridwarden backup --keep 7/4/12 /backup/")
    served.run(f"{INSIDE} gridwarden backup --drill")
    served.run(f"{COMPOSE} down && docker volume rm gridwarden_database gridwarden_state")
    served.run(f"{COMPOSE} run --rm -T gridwarden sh -c 'gridwarden restore /backup/*'")
    served.run(f"{COMPOSE} up --detach")
    served.until(HEALTHY)
    assert served.run(SHEDS) == told


def test_the_image_alone_keeps_a_cluster_and_stops_it(engine: Booted) -> None:
    engine.run(ALONE)
    engine.until("docker exec alone test -s /var/lib/gridwarden/cluster/data/PG_VERSION")
    engine.run("docker stop alone")  # while it is made
    assert engine.run(ENDED.format(name="alone")).strip() != "137", "it was killed"
    engine.run("docker start alone")
    engine.until("docker exec alone ready")
    engine.run("docker stop alone")
    assert engine.run(ENDED.format(name="alone")).strip() == "0"
    logs = engine.run("docker start alone; docker logs alone 2>&1; docker rm --force alone")
    assert "Traceback" not in logs
