"""Whether a token is the provider's, for us, and of now. One refusal for whatever is wrong.

The algorithm comes from our list, never from the token alone: `none` and HS256 are not in it, and
keys are public ones only, so that none of them can be taken for a shared secret.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from gridwarden.access.oidc.provider import Provider
from gridwarden.words.problems import Problem
from gridwarden.words.telling import log

LEEWAY_S: Final = 30
"""Seconds that two clocks may differ."""
LONGEST: Final = 16_000


async def signed_in(provider: Provider, token: object, nonce: str) -> Mapping[str, Any]:
    """The claims of an ID token that answers this very sign-in (OpenID Connect Core, 3.1.3.7).

    Raises Problem `not_signed_in`.
    """
    client = provider.settings.oidc_client_id or ""
    claims = await _held(provider, token, client, nonce={"essential": True, "value": nonce})
    other = claims.get("azp", client) != client
    if other or (claims["aud"] not in (client, [client]) and "azp" not in claims):
        raise _refused("azp")
    return claims


async def key(provider: Provider, token: str) -> Mapping[str, Any]:
    """The claims of an access token that is for us (RFC 9068). Raises Problem `not_signed_in`."""
    return await _held(provider, token, provider.settings.oidc_audience or "")


async def _held(
    provider: Provider, token: object, audience: str, **more: jwt.ClaimsOption
) -> Mapping[str, Any]:
    if not isinstance(token, str) or len(token) > LONGEST or not audience:
        raise _refused("form")
    allowed = provider.settings.oidc_algorithms
    header = _part(token, 0)
    # Before anything is fetched: what says itself that it is not for us costs nothing.
    if header.get("alg") not in allowed or _part(token, 1).get("iss") != provider.issuer:
        raise _refused("alg or iss")
    keys = await provider.keys(header.get("kid"))
    asked: dict[str, jwt.ClaimsOption] = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": audience},
        **{name: {"essential": True} for name in ("sub", "exp", "iat")},
        **more,
    }
    try:
        registry = JWSRegistry(algorithms=allowed, strict_check_header=False)
        claims = jwt.decode(token, keys, registry=registry).claims
        jwt.JWTClaimsRegistry(None, LEEWAY_S, **asked).validate(claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _refused(type(error).__name__) from None
    if len(claims["sub"]) > 255 or not claims["sub"].isprintable():
        raise _refused("sub")
    return claims


def _part(token: str, number: int) -> dict[str, Any]:
    """A part of the token, unproven; empty where it is no JSON object."""
    try:
        text = token.split(".")[number]
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _refused(why: str) -> Problem:
    """In the same words whatever it was; the log has the reason, without the token."""
    log.info("token_refused", why=why)
    return Problem("not_signed_in", field="Authorization")
