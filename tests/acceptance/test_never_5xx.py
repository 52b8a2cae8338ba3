"""No input gives a 5xx: every operation, right and wrong examples, as every role and as nobody.

The examples come from the service's own OpenAPI document, by schemathesis; each is sent over the
ASGI application and a real database with a small city in it: 20 by every role that gets past the
door of the operation, and some by who does not. `--deep`: 200, by everybody.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import requests
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode

from conftest import KeyMaker, client_of, owner
from gridwarden.app import create_app
from gridwarden.database import ADMINISTRATORS, ASKERS
from gridwarden.settings import Settings
from layers.conftest import fill
from maps.small_city import build_assets

EXAMPLES = 20
DEEP = 200
AT_THE_DOOR = 4
"""So often is it tried whether who was turned away (401, 403) is let in by another example."""
BASE = "http://testserver"
SCHEMA = schemathesis.openapi.from_dict(create_app(Settings()).openapi())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
PATIENT = settings(
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Senders:
    """The service and who asks it: headers by role, None for nobody."""

    client: TestClient
    headers: dict[str | None, dict[str, str]]
    at_the_door: float = AT_THE_DOOR
    turned_away: Counter[str | None] = field(default_factory=Counter)

    def send(self, request: requests.PreparedRequest) -> None:
        """Send one request as everybody who may get in; fail on a 5xx."""
        for role, headers in self.headers.items():
            if self.turned_away[role] >= self.at_the_door:
                continue
            own = {k: v for k, v in request.headers.items() if k.lower() != "authorization"}
            answer = self.client.request(
                str(request.method),
                str(request.url),
                content=request.body,
                headers={**own, **headers},
                follow_redirects=False,
            )
            assert answer.status_code < 500, (
                f"{role}: {request.method} {request.url}\n{own}\n{request.body!r}\n"
                f"→ {answer.status_code} {answer.text[:500]}"
            )
            # A key that the requests themselves revoked would make all that follows hollow.
            assert role is None or answer.status_code != 401 or "login" in str(request.url)
            self.turned_away[role] += answer.status_code in (401, 403)


@pytest.fixture(scope="module")
def everybody(module_city: Settings, module_sign_in: KeyMaker) -> Iterator[Senders]:
    """A small city, one key a role; the keys' numbers are none that an example hits."""
    build_assets(module_city.home)
    with owner(module_city) as c:
        known = fill(c)
        c.execute("alter table access.credential alter column id restart with 7000000001")
    headers: dict[str | None, dict[str, str]] = {None: {}}
    for role in ASKERS + ADMINISTRATORS:
        orgs = (known.west_gas,) if role == "utility" else ()
        headers[role] = module_sign_in(role, org_ids=orgs, all_districts=role != "utility")
    with client_of(module_city) as client:
        yield Senders(client, headers)


@pytest.fixture
def senders(everybody: Senders, request: pytest.FixtureRequest) -> Senders:
    """Everybody, none of them turned away yet."""
    deep = request.config.getoption("--deep")
    return Senders(everybody.client, everybody.headers, float("inf") if deep else AT_THE_DOOR)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_no_example_of_an_operation_is_a_server_error(
    senders: Senders, operation: APIOperation, request: pytest.FixtureRequest
) -> None:
    sent, examples = 0, DEEP if request.config.getoption("--deep") else EXAMPLES

    @seed(20261121)
    @settings(PATIENT, max_examples=examples)
    @given(case=cases(operation), real=st.booleans())
    def every_role(case: Case, real: bool) -> None:
        nonlocal sent
        sent += 1
        if real:  # ids that exist, so that examples come past "not found"
            existing = {k: 1 for k, v in case.path_parameters.items() if isinstance(v, int)}
            case.path_parameters.update(existing)
        senders.send(prepared(case))

    every_role()
    assert sent >= examples or not takes_anything(operation)


@pytest.mark.parametrize(
    "operation",
    [o for o in OPERATIONS if o.method.upper() in ("POST", "PUT", "PATCH", "DELETE")],
    ids=lambda operation: operation.label,
)
@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", "nonsense"]
)
def test_no_body_whatever_is_a_server_error(
    senders: Senders, operation: APIOperation, kind: str
) -> None:
    path = operation.path.replace("{", "").replace("}", "")
    bodies = [
        b"",
        b"null",
        b"[]",
        b"{",
        b'"\xff"',
        b"\x00" * 10,
        b'{"a":' * 3000,
        b'{"area": {"type": "Polygon", "coordinates": [[[1e400,0],[0,"x"],null]]}}',
        b"--x\r\n\r\n",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../\x00"\r\n\r\n\xff'
        b"\r\n--x--",
    ]
    for body in bodies:
        request = requests.Request(
            operation.method, BASE + path, data=body, headers={"Content-Type": kind}
        )
        senders.send(request.prepare())


def cases(operation: APIOperation) -> st.SearchStrategy[Case]:
    """Examples that the schema allows and, where anything can be wrong, ones that it does not."""
    right = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if not takes_anything(operation):
        return right
    return st.one_of(right, operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))


def takes_anything(operation: APIOperation) -> bool:
    """Whether the operation has parameters or a body."""
    return bool(list(operation.iter_parameters())) or bool(operation.body)


def prepared(case: Case) -> requests.PreparedRequest:
    """An example as the bytes that go over the wire."""
    keywords = case.as_transport_kwargs(base_url=BASE)
    allowed = ("method", "url", "headers", "files", "data", "params", "auth", "cookies", "json")
    return requests.Request(**{k: v for k, v in keywords.items() if k in allowed}).prepare()
