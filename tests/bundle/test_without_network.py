"""A bare Debian 12 without a network gets a whole installation from one file: it serves, it is
backed up, and the archive is tried."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from bundle import bare

pytestmark = pytest.mark.deep

INSTALL = """
set -euo pipefail
tar -C "/srv/usb stick" -xf "/srv/usb stick"/gridwarden-*.tar
"/srv/usb stick"/gridwarden-*/install
"/srv/usb stick"/gridwarden-*/system --check
"""
ASK = """
import sys
from urllib.request import Request, urlopen
for path in sys.argv[2:]:
    asked = Request("http://127.0.0.1:8000" + path)
    asked.add_header("Authorization", "Bearer " + sys.argv[1])
    with urlopen(asked, timeout=60) as answer:
        print(path, answer.status, len(answer.read()))
"""
ASKED = ("/readyz", "/assets/leaflet/leaflet.js", "/static/gridwarden.svg", "/maps/heat")
SERVE = f"""
set -euo pipefail
{{database}} & database=$!
until gridwarden up; do kill -0 "$database"; sleep 1; done
gridwarden sample load --seed 7 --size s
gridwarden serve & serving=$!
until gridwarden status | grep "^服务 .* 有应答"; do kill -0 "$serving"; sleep 1; done
token=$(gridwarden token viewer)
/opt/gridwarden/current/.venv/bin/python -I -c {shlex.quote(ASK)} "$token" {" ".join(ASKED)}
kill "$serving"
wait "$serving"
gridwarden backup /var/backups/gridwarden
gridwarden backup --drill
"""


def unit(machine: Path, name: str, key: str) -> list[str]:
    """What a unit of the machine says; nothing runs systemd in a folder, so a test starts it."""
    text = (machine / "etc/systemd/system" / name).read_text()
    return re.findall(rf"^{key}=(.*)$", text, flags=re.MULTILINE)


def test_one_file_is_all_that_a_bare_machine_needs(machine: Path, whole_bundle: Path) -> None:
    stick = machine / "srv" / "usb stick"
    stick.mkdir()
    shutil.copy2(whole_bundle, stick)
    # What must not be here, or the rest would show nothing.
    assert not (machine / "usr/bin/python3").exists()
    assert not (machine / "etc/ssl/certs/ca-certificates.crt").exists()
    shutil.rmtree(machine / "var/lib/apt/lists")
    routes = bare.run(machine, "/bin/cat", "/proc/net/route").stdout.splitlines()
    assert len(routes) == 1, "no route leads anywhere"
    said = bare.run(machine, "/bin/bash", "-c", INSTALL).stdout
    assert "Placing Gridwarden" in said
    assert not (machine / "etc/postgresql/15/main").exists(), "nobody needs Debian's own cluster"
    (user,) = unit(machine, "gridwarden-db.service", "User")
    (group,) = unit(machine, "gridwarden-db.service", "Group")
    (program,) = unit(machine, "gridwarden-db.service", "ExecStart")
    variables = unit(machine, "gridwarden-db.service", "Environment")
    started = ["runuser", "-u", user, "-g", group, "--", "env", *variables, *shlex.split(program)]
    serve = SERVE.replace("{database}", shlex.join(started))
    told = bare.run(machine, "/bin/bash", "-c", serve).stdout
    for path in ASKED:
        assert f"{path} 200 " in told
