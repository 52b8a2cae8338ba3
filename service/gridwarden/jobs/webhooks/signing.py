"""Signatures of the Standard Webhooks scheme: HMAC-SHA256 over "id.timestamp.body"."""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"


def new_secret() -> str:
    """256 random bits, as the scheme writes them."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def signed(secret: str, message_id: str, seconds: int, body: str) -> dict[str, str]:
    """The headers that a message goes out with; `seconds` since 1970 say when it was tried."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    text = f"{message_id}.{seconds}.{body}".encode()
    signature = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode("ascii")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{signature}",
    }
