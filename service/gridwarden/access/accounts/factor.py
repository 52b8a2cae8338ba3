"""The second factor without a network: TOTP (RFC 6238), 30 seconds, six digits, and recovery codes.

Works with every authenticator app. A code is good once, and up to one step early or late.
"""

import hmac
import re
import secrets
import time
import unicodedata
from typing import Final

import pyotp
import segno
from markupsafe import Markup

from gridwarden.access.credentials import hash_of
from gridwarden.access.sealing import seal, unseal
from gridwarden.settings import Settings

STEP_S: Final = 30
DRIFT: Final = 1
CODES: Final = 10
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, O, 1 and I, which nobody can tell apart on paper."""


def new_secret() -> str:
    """160 random bits in base 32, as RFC 4226 asks for."""
    return pyotp.random_base32()


def address_of(secret: str, name: str, place: str) -> str:
    """The otpauth address that an authenticator app reads; `place` is shown above the code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=place)


def picture_of(address: str) -> Markup:
    """The address as a QR code: SVG within the page, nothing is asked of anybody."""
    made = segno.make(address, error="m")
    # Made of the code's own squares: no text of anybody is in it.
    return Markup(made.svg_inline(scale=5, border=4, light="#fff", title="QR"))


def step_of(secret: str, code: str, at: float | None = None) -> int | None:
    """The time step whose code this is, among now and one step around; None for none."""
    digits = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", code))
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    now = int((time.time() if at is None else at) // STEP_S)
    made = pyotp.TOTP(secret)
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(made.generate_otp(step), digits):
            found = step
    return found


def new_codes() -> list[str]:
    """Recovery codes, 80 random bits each, for paper in a safe."""
    letters = ["".join(secrets.choice(_ALPHABET) for _ in range(16)) for _ in range(CODES)]
    return ["-".join(text[i : i + 4] for i in range(0, 16, 4)) for text in letters]


def hash_of_code(code: str) -> bytes | None:
    """What the database keeps of a recovery code; None for what is none."""
    text = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", code)).upper()
    if len(text) != 16 or any(letter not in _ALPHABET for letter in text):
        return None
    return hash_of(text)


def sealed(settings: Settings, account: int, secret: str) -> str:
    """The secret as the account keeps it."""
    return seal(settings, f"second factor of account {account}", secret)


def opened(settings: Settings, account: int, text: str) -> str | None:
    """The account's secret; None where this machine's key is not the one it was sealed with."""
    return unseal(settings, f"second factor of account {account}", text)
