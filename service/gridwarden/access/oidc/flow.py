"""A browser's way to the provider and back: authorization code with PKCE, state and nonce.

The browser keeps one secret in a cookie; state, nonce and verifier are made of it, the database
keeps its hash until the browser is back, once. So nothing that comes back fits another browser,
another sign-in or a second time.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from gridwarden.access.accounts.people import Wanted
from gridwarden.access.accounts.signing_in import (
    BY_PROVIDER,
    BY_PROVIDER_TWICE,
    Place,
    account_by_provider,
    step_of,
)
from gridwarden.access.bounds import Bounds
from gridwarden.access.credentials import hash_of
from gridwarden.access.oidc import tokens
from gridwarden.access.oidc.provider import Provider
from gridwarden.access.oidc.rules import Offer, offer_of, says_groups
from gridwarden.access.sealing import seal, unseal
from gridwarden.database import Pool, queries
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.access.oidc", "flow.sql")
UNDER_WAY: Final = timedelta(minutes=10)
_HINT: Final = "hint of a sign-in provider"
_LONGEST_HINT: Final = 4000


@dataclass(frozen=True, slots=True)
class Way:
    """One sign-in under way, as the browser's secret makes it."""

    secret: str

    @classmethod
    def new(cls) -> "Way":
        """Another one: 256 random bits."""
        return cls(secrets.token_urlsafe(32))

    @property
    def state(self) -> str:
        """Comes back with the browser."""
        return self._made("state")

    @property
    def nonce(self) -> str:
        """Comes back within the ID token."""
        return self._made("nonce")

    @property
    def verifier(self) -> str:
        """Shown when the code is exchanged (RFC 7636)."""
        return self._made("verifier")

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier before."""
        return _letters(hashlib.sha256(self.verifier.encode()).digest())

    def _made(self, what: str) -> str:
        return _letters(hashlib.sha256(f"{what} {self.secret}".encode()).digest())


def _letters(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class Back:
    """What the browser brings back."""

    code: str
    state: str
    issuer: str
    error: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the provider has vouched for: `hint` is shown to it at the end."""

    subject: str
    name: str
    offer: Offer | None
    hint: str


async def begin(pool: Pool, provider: Provider, redirect: str, following: str) -> tuple[Way, str]:
    """A new sign-in, and the provider's address for it. Raises Problem `unavailable`."""
    described = await provider.described(lately=True)
    way = Way.new()
    values = {"redirect": redirect, "next": following, "lifetime": UNDER_WAY}
    await _one(pool, "begins", hash=hash_of(way.secret), **values)
    asked = {
        "response_type": "code",
        "client_id": provider.settings.oidc_client_id or "",
        "redirect_uri": redirect,
        "scope": " ".join(provider.rules.scopes),
        "state": way.state,
        "nonce": way.nonce,
        "code_challenge": way.challenge,
        "code_challenge_method": "S256",
    }
    return way, with_query(described.authorization_endpoint, asked)


async def come_back(
    pool: Pool, provider: Provider, secret: str | None, back: Back
) -> tuple[Person, str]:
    """Who has come back, and the page that was asked for.

    Raises Problem `refused` for what does not belong to this browser or came before,
    `not_signed_in` where the provider or its token says no, and `unavailable`.
    """
    again = Problem("refused", "oidc.again", field="state")
    way = Way(secret or "")
    if not secret or not secrets.compare_digest(back.state.encode(), way.state.encode()):
        raise again
    begun = await _one(pool, "ends", hash=hash_of(secret))
    if begun is None:
        raise again
    described = await provider.described()
    says_itself = described.authorization_response_iss_parameter_supported
    if back.issuer != provider.issuer and (back.issuer or says_itself):
        raise again  # RFC 9207: another provider's answer
    if back.error:
        key = "oidc.cancelled" if back.error == "access_denied" else "oidc.not_now"
        raise Problem("not_signed_in", key, field="error")
    if not back.code:
        raise again
    told = await provider.exchange(back.code, way.verifier, begun["redirect"])
    claims = dict(await tokens.signed_in(provider, told.get("id_token"), way.nonce))
    if not says_groups(provider.rules, claims) and isinstance(told.get("access_token"), str):
        more = await provider.person(told["access_token"])
        if more and more.get("sub") != claims["sub"]:
            raise Problem("not_signed_in", "oidc.again", field="sub")
        claims = {**more, **claims}
    subject = str(claims["sub"])
    offer = offer_of(provider.rules, claims, subject, provider.settings.language)
    called = str(claims.get(provider.rules.claims.name) or subject)[:100]
    return Person(subject, called, offer, str(told["id_token"])), begun["next"]


async def admit(pool: Pool, provider: Provider, person: Person, place: Place) -> str:
    """The step of a sign-in for this person, by the rights of today.

    Raises Problem `forbidden` for somebody without a group, whose sessions and keys end, and for
    whom no account can be made or let in.
    """
    try:
        account = await account_for(pool, provider, person.subject, person.offer)
    except Problem as problem:
        values = {"issuer": provider.issuer, "subject": person.subject, "address": place.address}
        await _one(pool, "refused", reason=problem.detail.partition(".")[2], **values)
        raise
    twice = person.offer is not None and person.offer.second_factor
    step = await step_of(pool, account, BY_PROVIDER_TWICE if twice else BY_PROVIDER, place)
    if len(person.hint) <= _LONGEST_HINT:
        sealed = seal(provider.settings, _HINT, person.hint)
        await _one(pool, "keep_hint", step=hash_of(step), hint=sealed)
    return step


async def account_for(pool: Pool, provider: Provider, subject: str, offer: Offer | None) -> int:
    """The number of the account of this person, as the offer has it.

    Raises Problem `forbidden` where there is no offer, its bounds name what is not there, or the
    account is disabled or an administrator's.
    """
    if offer is None:
        raise Problem("forbidden", "oidc.no_group", field="groups")
    named = {"organisations": offer.organisations, "districts": offer.districts}
    named |= {"grids": offer.grids}
    found = await _one(pool, "bounds", **{key: list(names) for key, names in named.items()})
    if found["field"] is not None:
        unknown = f"oidc.unknown.{found['field']}"
        raise Problem("forbidden", unknown, field=found["field"], called=found["unknown"])
    bounds = Bounds(
        tuple(found["org_ids"]),
        tuple(found["district_ids"]),
        tuple(found["grid_ids"]),
        offer.all_districts,
    )
    wanted = Wanted(
        offer.name, offer.full_name, offer.role, bounds, offer.language, provider.issuer, subject
    )
    try:
        account = await account_by_provider(pool, provider.issuer, subject, wanted)
    except Problem as problem:
        if problem.kind == "forbidden":
            raise
        raise Problem("forbidden", "oidc.no_bounds", field=problem.field, role=offer.role) from None
    assert account is not None
    return account


async def sign_off(pool: Pool, provider: Provider, session: str, after: str) -> str | None:
    """The provider's address at which a person signs out there, too, and comes back to `after`;
    None for a session that was not begun there, or a provider that has none.
    """
    sealed = await _one(pool, "hint_of", session=hash_of(session))
    hint = unseal(provider.settings, _HINT, sealed) if sealed else None
    return await sign_off_with(provider, hint, after) if hint else None


async def sign_off_with(provider: Provider, hint: str, after: str) -> str | None:
    """As `sign_off`, for an ID token at hand (OpenID Connect RP-Initiated Logout 1.0)."""
    try:
        place = (await provider.described()).end_session_endpoint
    except Problem:
        return None
    if place is None:
        return None
    asked = {"id_token_hint": hint, "client_id": provider.settings.oidc_client_id or ""}
    return with_query(place, asked | {"post_logout_redirect_uri": after})


def with_query(place: str, asked: dict[str, str]) -> str:
    """An address with these parameters behind those that it has."""
    return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"


async def caller_document(pool: Pool, account: int) -> dict[str, Any] | None:
    """Who this account is, as `api.caller_of` tells it; None for a disabled one."""
    found: dict[str, Any] | None = await _one(pool, "caller", account=account)
    return found


async def _one(pool: Pool, statement: str, **values: object) -> Any:
    async with pool.connection() as connection:
        row = await (await connection.execute(Q[statement], values)).fetchone()
    return row[0] if row else None
