"""Access tokens of the provider in the place of keys: which hold, and which are refused alike."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey
from oidc_office import (
    AUDIENCE,
    CLIENT,
    LABEL,
    MACHINE,
    PEOPLE,
    Office,
    browser,
    new_key,
    office_of,
)

from conftest import bearer, make_key, owner
from gridwarden.settings import Settings

JSON = {"Accept": "application/json"}
PLANNER = {"groups": ["map-planners"], "area": "西区"}


@pytest.fixture(scope="module")
def office(module_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office_of(module_city, tmp_path_factory.mktemp("office")) as made:
        made.start()
        yield made


@pytest.fixture(scope="module")
def service(office: Office) -> Iterator[TestClient]:
    with browser(office) as made:
        yield made


def shown(service: TestClient, token: str, path: str = "/api/whoami") -> tuple[int, dict[str, Any]]:
    answer = service.get(path, headers=bearer(token) | JSON)
    return answer.status_code, answer.json()


def written(service: TestClient, token: str) -> int:
    return int(service.delete("/api/jobs/1", headers=bearer(token) | JSON).status_code)


def test_a_machine_s_token_is_a_key_with_the_rights_of_its_group(
    office: Office, service: TestClient
) -> None:
    status, told = shown(service, office.machine_token())
    assert status == 200 and (told["role"], told["person"]) == ("viewer", f"u.{MACHINE}")
    assert len(told["district_ids"]) == 1 and told["scopes"] == ["read"]
    assert shown(service, office.machine_token(scope="read:maps"))[0] == 403
    assert written(service, office.forged(**PLANNER)) == 403
    assert written(service, office.forged(scope="openid read:maps", **PLANNER)) == 403
    assert written(service, office.forged(scope="openid read write", **PLANNER)) == 404
    assert shown(service, make_key(office.settings, "viewer"))[0] == 200


def test_a_token_without_groups_needs_an_account_that_is_there(
    office: Office, service: TestClient
) -> None:
    """With groups it makes one; without, it acts as what is there, until that is disabled."""
    bare = office.forged(sub="2001")
    assert shown(service, bare)[0] == 401
    status, told = shown(service, office.forged(sub="2001", **PLANNER))
    assert status == 200 and told["role"] == "planner" and told["person"] == "u.2001"
    assert shown(service, bare)[1]["role"] == "planner"
    names = []
    for told in ({"name": "二零零一"}, {}, {"name": "两千零一"}):
        assert shown(service, office.forged(sub="2001", jti=str(told), **PLANNER, **told))[0] == 200
        with owner(office.settings) as c:
            row = c.execute("select full_name from access.account where subject = '2001'")
            names.append(row.fetchone())
    assert names == [("二零零一",), ("二零零一",), ("两千零一",)]
    status, told = shown(service, office.forged(sub="2001", groups=["canteen"]))
    assert (status == 403 and "group" in told["detail"]) or "用户组" in told["detail"]
    with owner(office.settings) as c:
        c.execute("update access.account set disabled_at = now() where subject = '2001'")
    service.app.state.callers.forget()  # type: ignore[attr-defined]
    assert shown(service, bare)[0] == 401
    assert shown(service, office.forged(sub="2001", **PLANNER))[0] == 401


def letters(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(**said: Any) -> str:
    return letters(json.dumps(said).encode())


def confused(office: Office, body: str) -> list[str]:
    """HS256 with the provider's public key as the secret, in forms that a service may have."""
    public = office.keys[0]
    pem = public.as_pem(private=False)
    forms = [pem, pem.strip(), json.dumps(public.as_dict(private=False)).encode()]
    begun = f"{part(alg='HS256', kid=public.kid)}.{body}"
    return [f"{begun}.{letters(hmac.digest(key, begun.encode(), 'sha256'))}" for key in forms]


def critical(office: Office, body: str) -> str:
    """Signed as it should be, with a header that nobody here understands and that must be."""
    begun = f"{part(alg='RS256', kid=office.keys[0].kid, crit=['x'], x=1)}.{body}"
    key = office.keys[0].private_key
    assert key is not None
    signed = key.sign(begun.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{begun}.{letters(signed)}"


def test_what_is_not_the_provider_s_for_us_and_of_now_is_refused_in_the_same_words(
    office: Office, service: TestClient
) -> None:
    now, stranger = int(time.time()), new_key("first")
    right = office.forged(**PLANNER)
    assert shown(service, right)[0] == 200
    head, body, signature = right.split(".")
    refused = {
        "forged": office.forged(stranger, **PLANNER),
        "changed": f"{head}.{part(**jwt.decode(right, office.keys[0]).claims, x=1)}.{signature}",
        "expired": office.forged(exp=now - 60, iat=now - 600, **PLANNER),
        "not yet": office.forged(nbf=now + 600, **PLANNER),
        "of tomorrow": office.forged(iat=now + 86_400, **PLANNER),
        "endless": office.forged(exp=None, **PLANNER),
        "for ever": office.forged(exp="9" * 20, **PLANNER),
        "other audience": office.forged(aud="https://other.example", **PLANNER),
        "no audience": office.forged(aud=None, **PLANNER),
        "a browser's own": office.forged(aud=CLIENT, **PLANNER),
        "other issuer": office.forged(iss="https://evil.example", **PLANNER),
        "nobody": office.forged(sub=None, **PLANNER),
        "a strange one": office.forged(sub="a\x00b", **PLANNER),
        "a long one": office.forged(sub="x" * 300, **PLANNER),
        "unknown kid": office.forged(new_key("other"), {"kid": "other"}, **PLANNER),
        "its own key": office.forged(stranger, {"jwk": stranger.as_dict(private=False)}, **PLANNER),
        "its own address": office.forged(stranger, {"jku": "https://evil.example"}, **PLANNER),
        "another kind of key": office.forged(
            ECKey.generate_key("P-256"), {"alg": "ES256"}, **PLANNER
        ),
        "critical": critical(office, body),
        "none": f"{part(alg='none', kid='first')}.{body}.",
        "None": f"{part(alg='None')}.{body}.{signature}",
        "a list": f"{part(alg=['RS256'])}.{body}.{signature}",
        "no signature": f"{head}.{body}.",
        "no JSON": "eyx.eyx.eyx",
        "deep": f"{base64.urlsafe_b64encode(b'[' * 5000).decode()}.{body}.x",
        "a key": "gw_" + "x" * 43,
        **{f"HS256 {n}": token for n, token in enumerate(confused(office, body))},
    }
    answers = {name: shown(service, token) for name, token in refused.items()}
    for one in answers.values():
        one[1].pop("request_id")
    assert {name: status for name, (status, _) in answers.items() if status != 401} == {}
    assert len({json.dumps(told, sort_keys=True) for _, told in answers.values()}) == 1


def test_a_change_of_keys_at_the_provider_stops_nobody(office: Office, service: TestClient) -> None:
    former = office.forged(**PLANNER)
    office.rotate("second")
    assert shown(service, office.machine_token())[0] == 200
    assert shown(service, office.forged(**PLANNER))[0] == 200
    service.app.state.callers.forget()  # type: ignore[attr-defined]
    assert shown(service, former)[0] == 401


def test_forged_tokens_make_the_provider_no_work_without_end(
    office: Office, service: TestClient
) -> None:
    """After a few unknown keys nobody asks for more; who is known is served, without a provider."""
    good = office.forged(**PLANNER)
    assert shown(service, good)[0] == 200
    for n in range(20):
        token = office.forged(new_key("first") if n == 0 else None, {"kid": f"k{n}"}, **PLANNER)
        assert shown(service, token)[0] == 401
    asked = service.app.state.provider._asked  # type: ignore[attr-defined]
    assert len(asked) == asked.maxlen
    office.stop()
    service.app.state.callers.forget()  # type: ignore[attr-defined]
    assert shown(service, good)[0] == 200
    with browser(office) as new:
        status, told = shown(new, good)
        assert status == 503 and LABEL in told["detail"]
        assert shown(new, "eyx.eyx.eyx")[0] == 401
    office.start()


def test_no_token_is_taken_where_no_audience_is_named(office: Office) -> None:
    deaf = Office(office.issuer, office.settings.model_copy(update={"oidc_audience": None}))
    with browser(deaf) as b:
        for audience in (AUDIENCE, "", None, CLIENT):
            token = office.forged(aud=audience, **PLANNER)
            assert b.get("/api/whoami", headers=bearer(token) | JSON).status_code == 401


def test_a_secret_is_never_read_from_a_public_set_of_keys() -> None:
    from gridwarden.access.oidc.provider import usable
    from gridwarden.words.problems import Problem

    public = dict(new_key("a").as_dict(private=False))
    shared = {"kty": "oct", "k": base64.urlsafe_b64encode(b"x" * 32).decode(), "kid": "s"}
    kept = usable({"keys": [shared, public, public | {"use": "enc"}, {"kty": "RSA"}, None, 7]})
    assert [key.kid for key in kept] == ["a"]
    for nothing in ({"keys": [shared]}, {"keys": {}}, {}):
        with pytest.raises(Problem):
            usable(nothing)


def test_the_tests_sign_as_the_provider_does(office: Office) -> None:
    """What is forged here differs from a real token in what is said of it, and in no more."""
    real = jwt.decode(office.machine_token(), office.keys[0], algorithms=["RS256"])
    ours = jwt.decode(office.forged(**PEOPLE["1001"]), office.keys[0], algorithms=["RS256"])
    assert {"iss", "sub", "aud", "iat", "exp"} <= set(real.claims) & set(ours.claims)
    assert real.claims["iss"] == ours.claims["iss"] and real.claims["aud"] == AUDIENCE
