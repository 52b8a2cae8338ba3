"""Places as they leave the service: sealed, for one reader, each time another text.

A place is the number of the last event that was looked at, and events that a reader may not see
are counted in it: in clear, it would say when something happened near a main. Two sealed places
cannot be compared, and have one length.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Final

from gridwarden.database import Caller
from gridwarden.database.passwords import installation_key
from gridwarden.settings import Settings

NONCE: Final = 16
NUMBER: Final = 8
TAG: Final = 16
LENGTH: Final = 54
"""Characters of a sealed place."""
PATTERN: Final = rf"[A-Za-z0-9_-]{{{LENGTH}}}"


@dataclass(frozen=True, slots=True)
class Places:
    """Seals and opens the places of one reader. `of` says what the numbers are of, and whose."""

    key: bytes
    of: bytes

    def seal(self, number: int) -> str:
        """A text that holds the number; another one each time."""
        nonce = secrets.token_bytes(NONCE)
        hidden = self._veil(nonce, number.to_bytes(NUMBER, "big"))
        text = base64.urlsafe_b64encode(nonce + hidden + self._tag(nonce + hidden))
        return text.rstrip(b"=").decode("ascii")

    def open(self, text: str) -> int | None:
        """The number; None where the text was not sealed here for this reader."""
        if len(text) != LENGTH or not text.isascii():
            return None
        try:
            whole = base64.b64decode(text + "==", altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        sealed, tag = whole[:-TAG], whole[-TAG:]
        if len(whole) != NONCE + NUMBER + TAG or not hmac.compare_digest(tag, self._tag(sealed)):
            return None
        return int.from_bytes(self._veil(sealed[:NONCE], sealed[NONCE:]), "big")

    def _veil(self, nonce: bytes, number: bytes) -> bytes:
        """Hide, and show again: no nonce is used twice."""
        stream = _keyed(_keyed(self.key, b"hide"), nonce)
        return bytes(a ^ b for a, b in zip(number, stream, strict=False))

    def _tag(self, sealed: bytes) -> bytes:
        return _keyed(_keyed(self.key, b"sign"), sealed + self.of)[:TAG]


def places_of(settings: Settings, reader: Caller, of: str = "events") -> Places:
    """Places that are good for this person in this role with these rights alone."""
    rights = [
        of,
        reader.role,
        reader.person,
        sorted(reader.org_ids),
        sorted(reader.district_ids),
        reader.all_districts,
        *([sorted(reader.grid_ids)] if reader.grid_ids else ()),
    ]
    return Places(installation_key(settings.secrets / "event_places"), json.dumps(rights).encode())


def _keyed(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, hashlib.sha256)
