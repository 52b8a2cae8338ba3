"""What is kept in the database and must not be read there: sealed with a key of this machine.

AES-256-GCM with a random nonce; `of` says what the text is and whose, so that it cannot be put in
another's place. The key is a file of HOME/secrets: a copy of the database alone opens nothing.
"""

import base64
import binascii
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gridwarden.database.passwords import installation_key
from gridwarden.settings import Settings

NONCE: Final = 12


def seal(settings: Settings, of: str, text: str) -> str:
    """The text, sealed; another one each time."""
    nonce = os.urandom(NONCE)
    hidden = AESGCM(_key(settings)).encrypt(nonce, text.encode(), of.encode())
    return base64.urlsafe_b64encode(nonce + hidden).rstrip(b"=").decode("ascii")


def unseal(settings: Settings, of: str, sealed: str) -> str | None:
    """The text again; None where it was not sealed here for this."""
    try:
        padding = "=" * (-len(sealed) % 4)
        whole = base64.b64decode(sealed.encode("ascii") + padding.encode(), b"-_", validate=True)
        return AESGCM(_key(settings)).decrypt(whole[:NONCE], whole[NONCE:], of.encode()).decode()
    except (InvalidTag, ValueError, binascii.Error):  # what is not ASCII is a ValueError, too
        return None


def _key(settings: Settings) -> bytes:
    return installation_key(settings.secrets / "accounts")
