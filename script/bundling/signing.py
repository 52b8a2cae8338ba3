"""Who made a bundle: a signature (Ed25519) over its sums, by a key that the maker alone has.

    signing.py maker KEY           the public half, in one line, as it stands in maker.pub
    signing.py sign KEY SUMS       the signature of a bundle's SHA256SUMS, in one line

KEY is a file that `openssl genpkey -algorithm ed25519 -aes256 -out KEY` made; the passphrase is
read from the standard input, to its end: nothing, where the key has none.
"""

import sys
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def main(what: str, place: str, *sums: str) -> None:
    """Print the one or the other."""
    passphrase = sys.stdin.buffer.read().rstrip(b"\r\n")
    try:
        key = load_pem_private_key(Path(place).read_bytes(), passphrase or None)
    except (TypeError, ValueError):
        sys.exit(f"The passphrase does not open {place}, or it is no key: nothing was made.")
    if not isinstance(key, Ed25519PrivateKey):
        sys.exit(
            f"{place} is another kind of key: openssl genpkey -algorithm ed25519 -aes256 makes one."
        )
    if what == "maker":
        said = key.public_key().public_bytes_raw()
    else:
        said = key.sign(Path(*sums).read_bytes())
    print(b64encode(said).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
