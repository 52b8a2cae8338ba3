"""Files in the age format (age-encryption.org/v1), locked by one passphrase, written and read as a
stream.

The format is public and has its own tools: whoever has the passphrase opens an archive without
Gridwarden (`age -d FILE | tar x`). A key of the file's own is wrapped by scrypt; the contents
follow in pieces of 64 KiB, each sealed by ChaCha20-Poly1305 under its number, the last one under a
mark of its own: a piece that was changed, moved, left out or cut off does not open.

The bindings that exist (pyrage 1.4) take a passphrase's file whole into memory, which a city's
archive does not fit; so the pieces are cut here, and all cryptography is `cryptography`'s.
"""

import base64
import binascii
import hmac
import secrets
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

FIRST: Final = b"age-encryption.org/v1\n"
LABEL: Final = b"age-encryption.org/v1/scrypt"
PIECE: Final = 65_536
TAG: Final = 16
WORK: Final = 17
"""Trying one passphrase takes 2^17 steps of scrypt, and 128 MiB of memory."""
MOST_WORK: Final = 20
"""A header may not ask for more: it is read before it is known whose it is."""
LONGEST_LINE: Final = 200
KEY: Final = 16
NONCE: Final = 16
SALT: Final = 16


class NotAnArchiveError(Exception):
    """Not a file of this kind."""


class WrongPassphraseError(Exception):
    """The passphrase does not open the file."""


class DamagedError(Exception):
    """The file is not as it was written: changed, or cut off."""


class Locked:
    """Writes to `file` what only the passphrase opens; nothing opens before `close` has run."""

    def __init__(self, file: BinaryIO, passphrase: str, work: int = WORK) -> None:
        key, salt, nonce = (secrets.token_bytes(n) for n in (KEY, SALT, NONCE))
        wrapped = ChaCha20Poly1305(_stretched(passphrase, salt, work)).encrypt(bytes(12), key, None)
        said = FIRST + b"-> scrypt %s %d\n%s\n---" % (_written(salt), work, _written(wrapped))
        file.write(said + b" " + _written(_mac(key, said)) + b"\n" + nonce)
        self._file = file
        self._cipher = ChaCha20Poly1305(_derived(key, nonce, b"payload"))
        self._held = bytearray()
        self._number = 0
        self._given_up = False

    def write(self, data: bytes) -> int:
        """Take more of the contents."""
        if self._given_up:
            return len(data)
        self._held += data
        while len(self._held) > PIECE:
            self._put(bytes(self._held[:PIECE]), last=False)
            del self._held[:PIECE]
        return len(data)

    def close(self) -> None:
        """Write the last piece."""
        self._put(bytes(self._held), last=True)
        self._held.clear()

    def give_up(self) -> None:
        """Nothing more is written: what there is will never open."""
        self._given_up = True

    def _put(self, piece: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last), piece, None))
        self._number += 1


class Opened:
    """Reads what `Locked` wrote.

    Raises NotAnArchiveError and WrongPassphraseError at once, DamagedError from `read`: before the
    end has been read without it, nothing that was read is known to be whole.
    """

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        salt, work, wrapped, said, mac = _header(file)
        try:
            stretched = ChaCha20Poly1305(_stretched(passphrase, salt, work))
            key = stretched.decrypt(bytes(12), wrapped, None)
        except InvalidTag:
            raise WrongPassphraseError from None
        if not hmac.compare_digest(mac, _mac(key, said)):
            raise DamagedError
        nonce = file.read(NONCE)
        self._file = file
        self._cipher = ChaCha20Poly1305(_derived(key, nonce, b"payload"))
        self._ahead = file.read(PIECE + TAG)
        self._held = b""
        self._number = 0
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, all that is left where none is given; nothing at the end."""
        parts, wanted = [], size
        while size < 0 or wanted:
            if not self._held:
                if self._ended:
                    break
                self._held = self._next()
                continue
            taken = self._held if size < 0 else self._held[:wanted]
            self._held = self._held[len(taken) :]
            parts.append(taken)
            wanted -= len(taken)
        return b"".join(parts)

    def _next(self) -> bytes:
        sealed, self._ahead = self._ahead, self._file.read(PIECE + TAG)
        self._ended = not self._ahead
        try:
            piece = self._cipher.decrypt(_nonce(self._number, self._ended), sealed, None)
        except InvalidTag:
            raise DamagedError from None
        if not piece and self._number:
            raise DamagedError
        self._number += 1
        return piece


def _header(file: BinaryIO) -> tuple[bytes, int, bytes, bytes, bytes]:
    """Salt, work, wrapped key, the text that the check holds, and the check."""
    lines = [file.readline(LONGEST_LINE) for _ in range(4)]
    if lines[0] != FIRST:
        raise NotAnArchiveError
    try:
        arrow, kind, salt, work = lines[1].split()
        mark, mac = lines[3].split()
        if (arrow, kind, mark) != (b"->", b"scrypt", b"---") or not work.isdigit():
            raise NotAnArchiveError
        if not 0 < int(work) <= MOST_WORK:
            raise NotAnArchiveError
        said = lines[0] + lines[1] + lines[2] + b"---"
        salted, wrapped = _read(salt), _read(lines[2].rstrip(b"\n"))
        if len(salted) != SALT or len(wrapped) != KEY + TAG:
            raise DamagedError
        return salted, int(work), wrapped, said, _read(mac)
    except (ValueError, binascii.Error):
        raise DamagedError from None


def _stretched(passphrase: str, salt: bytes, work: int) -> bytes:
    made = Scrypt(salt=LABEL + salt, length=32, n=2**work, r=8, p=1)
    return made.derive(passphrase.encode("utf-8"))


def _derived(key: bytes, salt: bytes | None, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(key)


def _mac(key: bytes, said: bytes) -> bytes:
    return hmac.digest(_derived(key, None, b"header"), said, "sha256")


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _written(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _read(text: bytes) -> bytes:
    data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    if _written(data) != text:
        raise ValueError("not written as the format has it")
    return data
