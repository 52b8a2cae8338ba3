"""The provider itself: what it says of itself, its keys, and the two requests of a sign-in.

What it says is kept for an hour, and longer while it does not answer: tokens that were made before
still hold then. A key that is not known yet is asked for at once, a few times a minute at most, so
that neither a change of keys nor a flood of forged tokens stops anybody.
"""

import asyncio
import base64
import json
import ssl
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from urllib.parse import quote_plus, urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from gridwarden import __version__
from gridwarden.access.oidc.rules import Rules, read_rules
from gridwarden.database.sentences import trouble
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from gridwarden.words.telling import log

STEP_S: Final = 5.0
"""Seconds that connecting, sending, or waiting for a word may each take."""
WHOLE_S: Final = 10.0
KEPT_S: Final = 3600.0
LATELY_S: Final = 5.0
AGAIN_S: Final = 15.0
"""After a failure nobody waits for the provider again for so long."""
ASKED_A_MINUTE: Final = 6
"""So often keys are asked for that are not known yet."""
MOST: Final = 500_000
"""Bytes of an answer."""
_KINDS: Final = ("RSA", "EC", "OKP")


def _address(text: str) -> str:
    """An address that a browser or this service may be sent to."""
    if urlsplit(text).scheme not in ("https", "http") or not urlsplit(text).hostname:
        raise ValueError("no address")
    return text


Address = Annotated[str, Field(max_length=2000), AfterValidator(_address)]


class Described(BaseModel):
    """What the provider says of itself (OpenID Connect Discovery 1.0, 3), as far as it is used."""

    issuer: str
    authorization_endpoint: Address
    token_endpoint: Address
    jwks_uri: Address
    userinfo_endpoint: Address | None = None
    end_session_endpoint: Address | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False

    @property
    def addresses(self) -> tuple[str | None, ...]:
        """Every address that it names."""
        return (
            self.authorization_endpoint,
            self.token_endpoint,
            self.jwks_uri,
            self.userinfo_endpoint,
            self.end_session_endpoint,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of the provider; `date` is its clock."""

    status: int
    body: bytes
    date: str

    def document(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Problem `unavailable` for anything else."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise down("answer")
        return found


def down(why: str) -> Problem:
    """The provider does not do its part; the log has the reason, the page one sentence."""
    log.warning("sign_in_provider", why=why)
    return Problem("unavailable", "oidc.down", retry_after=int(AGAIN_S), why=why)


@dataclass
class Provider:
    """One sign-in provider of one application."""

    settings: Settings
    rules: Rules
    _described: tuple[float, Described] | None = None
    _keys: tuple[float, KeySet] | None = None
    _failed: float = float("-inf")
    _asked: deque[float] = field(default_factory=lambda: deque(maxlen=ASKED_A_MINUTE))
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def of(cls, settings: Settings) -> "Provider | None":
        """The provider that the settings name, if any. Raises SetUpError for rules or an authority
        that cannot be read.
        """
        if settings.oidc_issuer is None or settings.oidc_rules is None:
            return None
        provider = cls(settings, read_rules(settings.oidc_rules))
        provider.trusted()
        return provider

    @property
    def issuer(self) -> str:
        """Its name, which is its address."""
        return self.settings.oidc_issuer or ""

    @property
    def label(self) -> str:
        """What people call it."""
        return self.settings.oidc_label or urlsplit(self.issuer).netloc

    def named(self, problem: Problem) -> Problem:
        """The problem, with what its sentence tells of this provider."""
        told = {"provider": self.label, "seconds": problem.retry_after or 0}
        problem.params |= told | problem.params
        return problem

    def trusted(self) -> ssl.SSLContext:
        """The usual authorities, those that this machine was taught, and the office's own file."""
        context = httpx.create_ssl_context(trust_env=False)
        context.load_default_certs()
        if self.settings.oidc_ca_file is not None:
            try:
                context.load_verify_locations(self.settings.oidc_ca_file)
            except (OSError, ssl.SSLError):
                place = self.settings.oidc_ca_file
                raise trouble(self.settings, "oidc_ca_file", file=place) from None
        return context

    def secret(self) -> str | None:
        """The client's secret as the file holds it now; None for a public client."""
        if self.settings.oidc_secret_file is None:
            return None
        try:
            return self.settings.oidc_secret_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise down("secret file") from None

    async def described(self, *, lately: bool = False) -> Described:
        """What the provider says of itself, in this hour or, `lately`, in these seconds: before a
        browser is sent to where nobody may answer. Raises Problem `unavailable`.
        """
        kept = former = self._described
        if lately and kept is not None and kept[0] < time.monotonic() + KEPT_S - LATELY_S:
            kept = None
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        try:
            async with self._turn:
                if self._described is not None and self._described is not former:
                    return self._described[1]
                found = self.read_description(await self.ask_description())
                self._described = (time.monotonic() + KEPT_S, found)
                return found
        except Problem:
            if kept is None:
                raise
            self._described = (time.monotonic() + AGAIN_S, kept[1])
            return kept[1]

    async def ask_description(self) -> Answer:
        """What it says of itself now, whatever is kept. Raises Problem `unavailable`."""
        return await self._ask("GET", self.issuer.rstrip("/") + "/.well-known/openid-configuration")

    def read_description(self, answer: Answer) -> Described:
        """Raises Problem `unavailable` for what is no description, or another's."""
        try:
            found = Described.model_validate(answer.document())
        except ValidationError:
            raise down("description") from None
        if answer.status != 200 or found.issuer != self.issuer:
            raise down("issuer")
        own = urlsplit(self.issuer).scheme
        if own == "https" and any(one and urlsplit(one).scheme != own for one in found.addresses):
            raise down("an address without https")
        return found

    async def keys(self, kid: object = None) -> KeySet:
        """The provider's public keys; asked for again where `kid` is not among those kept.

        Raises Problem `unavailable`.
        """
        kept, now = self._keys, time.monotonic()
        if kept is not None:
            known = kid is None or any(key.kid == kid for key in kept[1])
            if kept[0] > now and (known or not self._may_ask(now)):
                return kept[1]
        described = await self.described()
        try:
            async with self._turn:
                if self._keys is not None and self._keys is not kept:
                    return self._keys[1]
                found = usable((await self._ask("GET", described.jwks_uri)).document())
                self._keys = (time.monotonic() + KEPT_S, found)
                return found
        except Problem:
            if kept is None:
                raise
            self._keys = (time.monotonic() + AGAIN_S, kept[1])
            return kept[1]

    def _may_ask(self, now: float) -> bool:
        if len(self._asked) == ASKED_A_MINUTE and self._asked[0] > now - 60:
            return False
        self._asked.append(now)
        return True

    async def exchange(self, code: str, verifier: str, redirect: str) -> dict[str, Any]:
        """The tokens for a code. Raises Problem `unavailable`, and `refused` for a code that is
        used, old or another's.
        """
        described = await self.described()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
        }
        client, secret = self.settings.oidc_client_id or "", self.secret()
        headers = {}
        methods = described.token_endpoint_auth_methods_supported
        if secret is None or "client_secret_basic" not in methods:
            form |= {"client_id": client} | ({"client_secret": secret} if secret else {})
        else:  # RFC 6749, 2.3.1: each is written as in a form before the two are joined
            pair = f"{quote_plus(client)}:{quote_plus(secret)}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
        answer = await self._ask("POST", described.token_endpoint, form, headers)
        told = answer.document()
        if answer.status == 200:
            return told
        if told.get("error") == "invalid_grant":
            raise Problem("refused", "oidc.again", field="code")
        raise down(f"token: {str(told.get('error'))[:40]}")

    async def person(self, token: str) -> Mapping[str, Any]:
        """What the provider tells of the person beside the ID token."""
        described = await self.described()
        if described.userinfo_endpoint is None:
            return {}
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self._ask("GET", described.userinfo_endpoint, headers=headers)
        if answer.status != 200:
            raise down("userinfo")
        return answer.document()

    async def _ask(
        self,
        method: str,
        place: str,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request. No redirect is followed, and no proxy of the environment asked."""
        if time.monotonic() < self._failed + AGAIN_S:
            raise Problem("unavailable", "oidc.down", retry_after=int(AGAIN_S))
        sent = {"Accept": "application/json", "User-Agent": f"Gridwarden/{__version__}"}
        try:
            async with (
                asyncio.timeout(WHOLE_S),
                httpx.AsyncClient(verify=self.trusted(), trust_env=False, timeout=STEP_S) as client,
                client.stream(method, place, data=form, headers=sent | (headers or {})) as answer,
            ):
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MOST:
                        raise down("too long an answer")
                if answer.status_code >= 500:
                    raise down(f"status {answer.status_code}")
                self._failed = float("-inf")
                return Answer(answer.status_code, body, answer.headers.get("date", ""))
        except (TimeoutError, OSError, httpx.HTTPError, SetUpError) as error:
            self._failed = time.monotonic()
            raise down("tls" if _of_tls(error) else type(error).__name__) from None


def _of_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def usable(document: Mapping[str, Any]) -> KeySet:
    """The public keys for signatures. A secret among them (`oct`) is none: whoever reads the set
    could sign. Raises Problem `unavailable` where none is left.
    """
    listed = document.get("keys")
    keys: list[Key] = []
    for one in listed if isinstance(listed, list) else []:
        if not isinstance(one, dict) or one.get("kty") not in _KINDS:
            continue
        if one.get("use", "sig") != "sig":
            continue
        try:
            keys.append(JWKRegistry.import_key(one))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    if not keys:
        raise down("key")
    return KeySet(keys)
