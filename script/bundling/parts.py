"""sbom.cdx.json: all parts of a bundle with their licences, in CycloneDX 1.6.

Python's parts are the lock's, with what they say of themselves; Debian's are the packages in debs/,
with the licences of their copyright files; the page's are npm's lock. The list is checked against
CycloneDX's own schema before it is written.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import tarfile
import tomllib
import uuid
import warnings
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import AttachedText, HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.spdx import is_supported_id
from cyclonedx.validation.json import JsonStrictValidator
from debian.copyright import Copyright, NotMachineReadableError
from debian.debfile import DebError, DebFile
from packageurl import PackageURL

ROOT = Path(__file__).parents[2]
LICENCES = LicenseFactory()
CLASSIFIED = {
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
}
"""SPDX's names of PyPI's classifiers that mean one licence ("BSD License" does not)."""


def licensed(names: Iterable[str]) -> list[License]:
    """Licences by their names; several stand side by side."""
    return [
        LICENCES.make_with_id(name) if is_id(name) else DisjunctiveLicense(name=name)
        for name in sorted(set(names))
    ]


def is_id(name: str) -> bool:
    """Whether SPDX has this name."""
    return bool(is_supported_id(name))


def said_licence(name: str) -> list[object]:
    """What an installed package says of its licence: by expression, classifier or free text."""
    try:
        metadata = distribution(name).metadata
    except PackageNotFoundError:
        sys.exit(f"{name} is not installed here: run script/setup again.")
    if expression := metadata.get("License-Expression"):
        return [LICENCES.make_from_string(expression)]
    classifiers = metadata.get_all("Classifier") or ()
    ends = [each.split(" :: ")[-1] for each in classifiers if each.startswith("License ::")]
    classified = [CLASSIFIED.get(end, end) for end in ends if end != "OSI Approved"]
    free = [line for line in (metadata.get("License") or "").splitlines() if line.strip()]
    if free and is_id(free[0]):
        return licensed(free[:1])
    return licensed(classified or free[:1])


def python_parts(lock: Path) -> Iterator[Component]:
    """Each locked package."""
    for name, version in re.findall(r"^(\S+?)==(\S+)", lock.read_text(), flags=re.MULTILINE):
        yield Component(
            type=ComponentType.LIBRARY,
            name=name,
            version=version,
            purl=PackageURL("pypi", None, name, version),
            bom_ref=f"pypi:{name}",
            licenses=said_licence(name),
        )


def page_parts() -> Iterator[Component]:
    """Each package of which the page's files are."""
    locked = json.loads((ROOT / "web" / "package-lock.json").read_text())["packages"]
    for place, told in locked.items():
        if not place:
            continue
        name = place.removeprefix("node_modules/")
        yield Component(
            type=ComponentType.LIBRARY,
            name=name,
            version=told["version"],
            purl=PackageURL("npm", None, name, told["version"]),
            bom_ref=f"npm:{name}",
            licenses=licensed([told["license"]]),
        )


def debian_parts(folder: Path) -> Iterator[Component]:
    """Each package of Debian, with its hash. A package whose papers lie in another of the same
    source has that one's licences.
    """
    told = {path: read_deb(path) for path in sorted(folder.glob("*.deb"))}
    of_source = {source_of(control): papers for control, papers in told.values() if papers}
    for path, (control, papers) in told.items():
        name, version = control["Package"], control["Version"]
        qualifiers = {"arch": control["Architecture"], "distro": "debian-12"}
        fonts = control.get("Section", "").endswith("fonts")
        listed = Component(
            type=ComponentType.FILE if fonts else ComponentType.LIBRARY,
            name=name,
            version=version,
            purl=PackageURL("deb", "debian", name, version, qualifiers),
            bom_ref=f"deb:{name}",
            licenses=licences_in(papers or of_source.get(source_of(control), "")),
        )
        listed.hashes.add(sha256(path))
        yield listed


def source_of(control: dict[str, str]) -> str:
    """The source that a package was made from."""
    return str(control.get("Source", control["Package"])).split()[0]


def sha256(path: Path) -> HashType:
    """A file's hash."""
    told = hashlib.sha256(path.read_bytes()).hexdigest()
    return HashType(alg=HashAlgorithm.SHA_256, content=told)


def read_deb(path: Path) -> tuple[dict[str, str], str]:
    """What a package says of itself, and its copyright file; '' where that is another package's."""
    with DebFile(str(path)) as deb:
        control = dict(deb.debcontrol())
        try:
            text = deb.data.get_content(f"usr/share/doc/{control['Package']}/copyright")
        except (DebError, KeyError, tarfile.TarError):
            text = None
        return control, text.decode("utf-8", "replace") if isinstance(text, bytes) else ""


def licences_in(papers: str) -> list[License]:
    """The licences that a copyright file names; the file itself, where it names none."""
    names = licence_names(papers)
    if papers and not names:
        return [DisjunctiveLicense(name="copyright file", text=AttachedText(content=papers))]
    return licensed(names)


def licence_names(text: str) -> set[str]:
    """Short names in a copyright file that programs can read; else the texts that it points to."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            papers = Copyright(text.splitlines(keepends=True), strict=False)
            licences = [paragraph.license for paragraph in papers.all_files_paragraphs()]
            found = {each.synopsis for each in licences if each and each.synopsis}
    except (NotMachineReadableError, ValueError, TypeError):
        found = set()
    found = found or set(re.findall(r"/usr/share/common-licenses/([A-Za-z][\w.+-]*\w)", text))
    return {" ".join(name.split())[:120] for name in found}


def listed(version: str, parts: Iterable[Component]) -> str:
    """The list as JSON, the same for the same parts."""
    bom = Bom()
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"gridwarden/{version}")
    bom.metadata.timestamp = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    licence = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"]
    whole = Component(
        type=ComponentType.APPLICATION,
        name="gridwarden",
        version=version,
        bom_ref="gridwarden",
        licenses=licensed([licence]),
    )
    bom.metadata.component = whole
    for part in parts:
        bom.components.add(part)
    bom.register_dependency(whole, bom.components)
    told: str = JsonV1Dot6(bom).output_as_string(indent=1)
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(told):
        sys.exit(f"CycloneDX's schema refuses the list of parts: {wrong}")
    return told


def main() -> None:
    """Write the list, and say how many parts name no licence."""
    parser = argparse.ArgumentParser()
    parser.add_argument("version")
    parser.add_argument("lock", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("told", type=Path)
    parser.add_argument("--debs", type=Path)
    given = parser.parse_args()
    parts = [*python_parts(given.lock), *page_parts()]
    parts += debian_parts(given.debs) if given.debs else ()
    given.target.write_text(listed(given.version, parts) + "\n")
    silent = [part.name for part in parts if not part.licenses]
    named = "; all name a licence" if not silent else f"; without a licence: {' '.join(silent)}"
    given.told.write_text(f"{len(parts)} parts{named}\n")


if __name__ == "__main__":
    main()
