"""`Authorization: Bearer` with an access token of the provider, in the place of a key.

It acts as the account of its subject. A token that tells groups changes the account as a sign-in
does; one that tells none needs an account that is there. Its scopes are those of keys that it
names; without any it reads and does no more, as a new key does.
"""

from collections.abc import Mapping
from typing import Any, Final

from gridwarden.access.accounts.signing_in import account_by_provider
from gridwarden.access.oidc import tokens
from gridwarden.access.oidc.flow import account_for, caller_document
from gridwarden.access.oidc.provider import Provider
from gridwarden.access.oidc.rules import offer_of, says_groups
from gridwarden.access.scopes import SCOPES
from gridwarden.database import Pool
from gridwarden.words.problems import Problem

NO_MORE: Final = ("read",)


async def document_of(pool: Pool, provider: Provider, token: str) -> tuple[dict[str, Any], float]:
    """Who the token acts as, as `api.caller_of` tells it, and until when it holds (s since 1970).

    Raises Problem `not_signed_in`, in the same words whatever is wrong with the token or its
    account; `forbidden` for somebody without a group; `unavailable`.
    """
    try:
        claims = await tokens.key(provider, token)
        account = await _account(pool, provider, claims)
    except Problem as problem:
        raise provider.named(problem) from None
    found = await caller_document(pool, account) if account is not None else None
    if found is None:
        raise Problem("not_signed_in", field="Authorization")
    return found | {"scopes": _scopes(claims)}, float(claims["exp"]) + tokens.LEEWAY_S


async def _account(pool: Pool, provider: Provider, claims: Mapping[str, Any]) -> int | None:
    subject, rules = str(claims["sub"]), provider.rules
    try:
        if not says_groups(rules, claims):
            return await account_by_provider(pool, provider.issuer, subject)
        offer = offer_of(rules, claims, subject, provider.settings.language)
        return await account_for(pool, provider, subject, offer)
    except Problem as problem:
        if problem.detail in ("oidc.disabled", "accounts.no_provider"):
            return None
        raise


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    said = claims.get("scope")
    named = said.split() if isinstance(said, str) else []
    return [one for one in named if one in SCOPES] or list(NO_MORE)
