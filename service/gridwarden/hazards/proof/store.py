"""Files by their SHA-256 in `HOME/proof`: written once, whole or not at all, never changed."""

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Final

from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

_HASH: Final = re.compile(r"[0-9a-f]{64}")


def folder_of(settings: Settings) -> Path:
    """Where proof is kept; `gridwarden` alone reads it."""
    return settings.home / "proof"


def path_of(settings: Settings, sha256: str) -> Path:
    """Where the file of this hash lies, whether it is there or not. Raises ValueError for none."""
    if not _HASH.fullmatch(sha256):
        raise ValueError("no SHA-256")
    return folder_of(settings) / sha256[:2] / sha256


def put(settings: Settings, body: bytes) -> str:
    """Keep a file; returns its SHA-256. Raises Problem `disk_full` where there is no room."""
    name = hashlib.sha256(body).hexdigest()
    target = path_of(settings, name)
    if target.exists():
        return name
    try:
        folder_of(settings).mkdir(mode=0o700, parents=True, exist_ok=True)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            try:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        Path(file.name).replace(target)
    except OSError as error:
        raise Problem("disk_full", field="file") from error
    return name


def get(settings: Settings, sha256: str) -> bytes:
    """The file of this hash, compared with it. Raises Problem `gone` where it is not, or not the
    same any more.
    """
    try:
        body = path_of(settings, sha256).read_bytes()
    except OSError:
        raise Problem("gone", "proof.gone", field="proof") from None
    if hashlib.sha256(body).hexdigest() != sha256:
        raise Problem("gone", "proof.changed", field="proof")
    return body
