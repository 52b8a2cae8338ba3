"""Ed25519: what leaves the trail is signed, and anybody who has the public key can tell.

The private key is made once, in GRIDWARDEN_HOME/secrets, for its owner alone; the public one lies
in GRIDWARDEN_HOME/audit/public-key.pem, to be handed out.
"""

import hashlib
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gridwarden.database.passwords import write_private
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

PRIVATE: Final = "audit-signing.pem"
PUBLIC: Final = "public-key.pem"
_PEM: Final = serialization.Encoding.PEM
_SHOWN: Final = serialization.PublicFormat.SubjectPublicKeyInfo


def public_key_file(settings: Settings) -> Path:
    """The file to hand out."""
    return settings.home / "audit" / PUBLIC


def signing_key(settings: Settings) -> Ed25519PrivateKey:
    """This installation's key, made when there is none yet.

    Raises Problem `unavailable` where this account may not read or make it.
    """
    place = settings.secrets / PRIVATE
    try:
        if not place.exists():
            _make(place)
        found = serialization.load_pem_private_key(place.read_bytes(), None)
        assert isinstance(found, Ed25519PrivateKey)
        shown = public_key_file(settings)
        if not shown.exists():
            shown.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shown.write_bytes(found.public_key().public_bytes(_PEM, _SHOWN))
    except (OSError, ValueError, AssertionError):
        raise Problem("unavailable", "audit.problem.key", field=str(place.name)) from None
    return found


def _make(place: Path) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = Ed25519PrivateKey.generate().private_bytes(
        _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(place, text.decode("ascii"))


def public_key_in(file: Path) -> Ed25519PublicKey:
    """The public key in a file. Raises Problem (400)."""
    try:
        found = serialization.load_pem_public_key(file.read_bytes())
    except (OSError, ValueError):
        raise Problem("invalid_value", "audit.problem.public_key", field="--key") from None
    if not isinstance(found, Ed25519PublicKey):
        raise Problem("invalid_value", "audit.problem.public_key", field="--key")
    return found


def fingerprint(key: Ed25519PublicKey) -> str:
    """How people compare keys: the first 16 digits of SHA-256."""
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    return hashlib.sha256(key.public_bytes(*raw)).hexdigest()[:16]


def holds(key: Ed25519PublicKey, signature: bytes, said: bytes) -> bool:
    """Whether this key signed that."""
    try:
        key.verify(signature, said)
    except InvalidSignature:
        return False
    return True
