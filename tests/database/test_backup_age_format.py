"""Archives are locked in the age format, as its other programs have it; not a byte may differ."""

import base64
import io

import pytest

from gridwarden.database.backup.age_format import (
    PIECE,
    TAG,
    DamagedError,
    Locked,
    NotAnArchiveError,
    Opened,
    WrongPassphraseError,
)

PASSPHRASE = "一二三 four five six"
SIZES = (0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE)


def locked(data: bytes, work: int = 4) -> bytes:
    file = io.BytesIO()
    writer = Locked(file, PASSPHRASE, work)
    for begin in range(0, len(data), 50_000):
        writer.write(data[begin : begin + 50_000])
    writer.close()
    return file.getvalue()


def opened(text: bytes, passphrase: str = PASSPHRASE) -> bytes:
    return Opened(io.BytesIO(text), passphrase).read()


@pytest.mark.parametrize("size", SIZES)
def test_what_was_written_is_read_again(size: int) -> None:
    data = bytes(n * n % 251 for n in range(size))
    text = locked(data)
    assert opened(text) == data
    reader, parts = Opened(io.BytesIO(text), PASSPHRASE), []
    while part := reader.read(10_240):
        parts.append(part)
    assert b"".join(parts) == data
    assert size < 64 or data[:64] not in text


def test_every_changed_byte_and_every_cut_is_found() -> None:
    """In the header and around each border of a piece byte by byte, elsewhere here and there."""
    data = bytes(range(256)) * 600
    text = locked(data)
    begins = len(text) - len(data) - 3 * TAG
    borders = [begins + n * (PIECE + TAG) for n in range(3)] + [len(text)]
    near = {place + d for place in borders for d in range(-3, 3)}
    places = {*range(begins), *near, *range(begins, len(text), 9_973)}
    for place in sorted(places & set(range(len(text)))):
        changed = bytearray(text)
        changed[place] ^= 1
        with pytest.raises((DamagedError, WrongPassphraseError, NotAnArchiveError)):
            opened(bytes(changed))
        with pytest.raises((DamagedError, WrongPassphraseError, NotAnArchiveError)):
            opened(text[:place])
    for more in (text + b"x", text[: borders[1]] + text[borders[2] :]):
        with pytest.raises(DamagedError):
            opened(more)


def test_only_its_passphrase_opens_it_and_no_header_asks_for_all_the_memory() -> None:
    text = locked(b"x")
    with pytest.raises(WrongPassphraseError):
        opened(text, PASSPHRASE + " ")
    with pytest.raises(NotAnArchiveError):
        opened(text.replace(b" 4\n", b" 30\n", 1))
    with pytest.raises(NotAnArchiveError):
        opened(b"PGDMP" + text)


@pytest.mark.deep
def test_a_file_that_another_program_wrote_opens() -> None:
    """Written by rage (pyrage), with the passphrase `correct horse battery staple`."""
    text = base64.b64decode(BY_ANOTHER)
    assert opened(text, "correct horse battery staple") == "留存 kept".encode()


BY_ANOTHER = """
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBtVkVBQkZWODlDR1RVd0RBWDVodDBnIDIw
ClVMdzRUVGNjc0ZMbjA5WFNsRU94RE1xOTlGUE52cmIySWRUbmI4bzRPcUEKLS0tIGxodUhLaVIx
ZmxiNXJmUExkd1hYNkpXTjlsQ3k1eXV6RC9yUkZxNzVST3MKcsbEmQklP3D5GuMuBSQkTiy3taoX
ZRGF8WlRsVVonW+Az4ZX8UmxE95vXw==
"""
