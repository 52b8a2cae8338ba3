"""The two accounts of an installed service, made for real where nothing outside sees them: a mount
namespace in which /etc, /var and /opt take changes and forget them.
"""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root alone makes accounts")
APART = """
set -eu
mount -t tmpfs tmpfs /mnt
for each in etc var opt; do
  mkdir /mnt/$each /mnt/$each.work
  mount -t overlay overlay -o lowerdir=/$each,upperdir=/mnt/$each,workdir=/mnt/$each.work /$each
done
# what this machine itself has in these places is out of sight
for each in /etc/gridwarden /var/lib/gridwarden /var/backups/gridwarden; do
  mkdir -p $each
  mount -t tmpfs tmpfs $each
done
touch /var/lib/gridwarden/working-crs
looks() {
  "$1" -c '
from gridwarden.database.trouble import SetUpError
from gridwarden.installing import putting
from gridwarden.installing.layout import Layout
from gridwarden.settings import Settings
try:
    print("found:", putting._check_state(Settings(language="en"), Layout()))
except SetUpError as error:
    print("found:", error)
'
}
looks "$1" | sed s/found/demo/
rm /var/lib/gridwarden/working-crs
looks "$1" | sed s/found/empty/
"$1" -c '
from gridwarden.installing import putting
from gridwarden.installing.layout import Layout
from gridwarden.settings import Settings
for _ in range(2):  # it may be run again
    list(putting._accounts(Settings()))
    list(putting._folders(Settings(), Layout(), True))
    putting._secret(Layout().root / putting.PASSPHRASE, "kept", True)
'
touch /var/lib/gridwarden/working-crs
looks "$1" | sed s/found/own/
cd /
as() { setpriv --reuid="$1" --regid="$1" --init-groups "${@:2}" 2>/dev/null || echo refused; }
echo "service: $(as gridwarden cat /etc/gridwarden/backup-passphrase)"
echo "database: $(as gridwarden-db cat /etc/gridwarden/backup-passphrase)"
echo "stranger: $(setpriv --reuid=nobody --clear-groups cat /etc/gridwarden/backup-passphrase 2>&1)"
mkdir -m 0750 /var/lib/gridwarden/cluster/socket
chown gridwarden-db:gridwarden-db /var/lib/gridwarden/cluster/socket
echo "socket: $(as gridwarden ls -A /var/lib/gridwarden/cluster/socket)."
echo "cluster: $(as gridwarden ls -A /var/lib/gridwarden/cluster)"
echo "state: $(as gridwarden-db ls -A /var/lib/gridwarden)"
echo "archives: $(as gridwarden-db ls -A /var/backups/gridwarden)"
echo "folder: $(as gridwarden-db touch /var/lib/gridwarden/mine)"
"""


def test_each_account_reaches_what_is_its_own_and_no_more() -> None:
    command = ["unshare", "--mount", "--propagation", "private", "bash", "-c", APART, "bash"]
    done = subprocess.run([*command, sys.executable], capture_output=True, text=True, check=False)
    if "overlay" in done.stderr:
        pytest.skip("no overlay can be mounted here")
    assert done.returncode == 0, done.stderr
    told = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert "holds a state that no installed service owns" in told.pop("demo")
    assert told.pop("empty") == told.pop("own") == "None"
    assert told.pop("stranger").endswith("Permission denied")
    assert told.pop("service") == "kept"
    assert told.pop("socket") == "."
    assert told == dict.fromkeys(("database", "cluster", "state", "archives", "folder"), "refused")
