"""A folder that apt installs from: the packages that are told on standard input, and their index.

An entry of the index is Debian's own, signed one, with its hash, but for the file's place.
"""

import hashlib
import shutil
import sys
from pathlib import Path

from debian.deb822 import Packages

archives, target = Path(sys.argv[1]), Path(sys.argv[2])
entries = {}
for entry in Packages.iter_paragraphs(sys.stdin, use_apt_pkg=False):
    version = entry["Version"].replace(":", "%3a")
    file = archives / f"{entry['Package']}_{version}_{entry['Architecture']}.deb"
    if hashlib.sha256(file.read_bytes()).hexdigest() != entry["SHA256"]:
        sys.exit(f"{file} is damaged: remove it, then run script/bundle again.")
    name = Path(entry["Filename"]).name
    shutil.copy2(file, target / name)
    entry["Filename"] = f"./{name}"
    entries[name] = entry.dump()
(target / "Packages").write_text("\n".join(entries[name] for name in sorted(entries)))
